#!/bin/sh
cat /data/stars.count
