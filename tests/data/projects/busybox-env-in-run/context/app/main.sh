#!/bin/sh
. /app/app/lib.sh
