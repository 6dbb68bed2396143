#!/bin/sh
# election.sh UNITS BALLOTS > election.json - an election to measure with: one
# contest of four choices in UNITS counties, BALLOTS expected in all.
set -eu
awk -v units="$1" -v ballots="$2" 'BEGIN {
    printf "{\"format\":1,\"id\":\"bench\",\"name\":\"Bench\",\"date\":\"2024-11-05\",\"parties\":[],\"candidates\":[],\n"
    printf "\"methods\":[{\"id\":\"all\",\"name\":\"All\"}],\n"
    printf "\"units\":[{\"id\":\"us\",\"name\":\"Nation\",\"level\":\"nation\"}"
    for (u = 0; u < units; u++)
        printf ",\n{\"id\":\"c%d\",\"name\":\"County %d\",\"level\":\"county\",\"parent\":\"us\",\"ballots_expected\":%d,\"ballot_style\":\"s\"}", \
            u, u, int(ballots / units) + (u < ballots % units)
    printf "],\n\"contests\":[{\"id\":\"p\",\"name\":\"President\",\"office\":\"President\",\"unit\":\"us\",\"choices\":["
    for (c = 0; c < 4; c++) printf "%s{\"id\":\"x%d\",\"name\":\"Choice %d\",\"kind\":\"other\"}", c ? "," : "", c, c
    printf "]}],\n\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"p\"}]}]}\n"
}'
