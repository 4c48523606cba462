#!/bin/sh
. /etc/sensor/sensor.conf
