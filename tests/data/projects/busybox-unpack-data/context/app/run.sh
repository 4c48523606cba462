cat /opt/words/*
