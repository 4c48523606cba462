#!/bin/sh
. /opt/agent/lib/common.sh
