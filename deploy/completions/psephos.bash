# bash completion of psephos(1)
_psephos()
{
    local cur prev words cword
    _init_completion -n = || return
    local calls='import generate check up down status open close unit-complete leader replica backup restore client cast results accounting recount'
    if [ "$cword" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$calls --help --version" -- "$cur")
        return
    fi
    case "${words[1]}:$prev" in
    up:--replicas)
        mapfile -t COMPREPLY < <(compgen -W '1 3' -- "$cur")
        return
        ;;
    cast:--format)
        mapfile -t COMPREPLY < <(compgen -W 'ndjson votes-topic' -- "$cur")
        return
        ;;
    results:--format)
        mapfile -t COMPREPLY < <(compgen -W 'table json csv openelections' -- "$cur")
        return
        ;;
    results:--level)
        mapfile -t COMPREPLY < <(compgen -W 'nation state county precinct' -- "$cur")
        return
        ;;
    *:--backup | *:-b | *:--dir | *:-d | *:--out | *:-o)
        _filedir -d
        return
        ;;
    *:--cluster | *:--election | *:--hosts | *:--key | *:--map | \
        *:--returns | *:--roll)
        _filedir
        return
        ;;
    *:--api | *:--contest | *:--date | *:--double-votes | *:--give-up-after | \
        *:--http | *:--id | *:--map-object | *:--name | *:--rate | \
        *:--replayed | *:--replica | *:--routers | *:--seed | *:--shard | *:--shards | \
        *:--strangers | *:--to | *:--turnout | *:--voters)
        return
        ;;
    esac
    if [[ $cur != -* ]]; then
        case "${words[1]}" in
        leader) mapfile -t COMPREPLY < <(compgen -W 'move' -- "$cur") ;;
        replica) mapfile -t COMPREPLY < <(compgen -W 'replace new-id' -- "$cur") ;;
        client) mapfile -t COMPREPLY < <(compgen -W 'add revoke' -- "$cur") ;;
        import | check | cast) _filedir ;;
        esac
        return
    fi
    local options=
    case "${words[1]}" in
    import) options='--date --force --id --json --map --map-object --name --out' ;;
    generate) options='--date --force --id --json --name --voters --out --returns --seed' ;;
    check) options='--json' ;;
    up) options='--closed --dir --election --hosts --http --replicas --roll --routers --shards' ;;
    down) options='--dir' ;;
    status) options='--dir --json' ;;
    open) options='--dir' ;;
    close) options='--dir' ;;
    unit-complete) options='--dir' ;;
    leader) options='--dir --json --shard --to' ;;
    replica) options='--dir --replica --shard' ;;
    backup) options='--dir --out' ;;
    restore) options='--as-recounted --backup --dir --hosts' ;;
    client) options='--dir' ;;
    cast) options='--cluster --double-votes --dir --format --give-up-after --json --key --random --rate --replayed --returns --roll --rows --seed --strangers --turnout' ;;
    results) options='--api --contest --dir --format --json --level --watch' ;;
    accounting) options='--api --dir --json' ;;
    recount) options='--dir --shard' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur")
} &&
    complete -F _psephos psephos
