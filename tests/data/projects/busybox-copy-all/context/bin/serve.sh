exec httpd -f -h /srv/pages
