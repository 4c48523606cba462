sed 's/@NAME@/reader/' templates/mail.txt > /var/mail/out/mail.txt
