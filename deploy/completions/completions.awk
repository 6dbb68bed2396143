# Turns what `generate` collected into the completion of one shell.
#
#     @CALL ABOUT
#     Usage: psephos CALL [OPTION...] ARGUMENT
#       or:  ...
#       -d, --dir=DIR      what it is for
#
# A value written a|b|c is one of these words; FILE and *.csv are files, DIR and
# FOLDER folders; anything else is not completed.

function kind_of(value) {
    if (value ~ /^[a-z0-9-]+(\|[a-z0-9-]+)+$/) return "words"
    if (value ~ /^(FILE|[A-Z]+\.csv|[a-z]+\.json)$/) return "files"
    if (value ~ /^(DIR|FOLDER)$/) return "folders"
    return value == "" ? "" : "other"
}

function words_of(value) {
    gsub(/\|/, " ", value)
    return value
}

# Within single quotes of a shell.
function quoted(text) {
    if (shell == "fish") gsub(/'/, "\\'", text)
    else gsub(/'/, "'\\''", text)
    return "'" text "'"
}

function colons(text) {
    gsub(/:/, "\\:", text)
    gsub(/\[/, "\\[", text)
    gsub(/\]/, "\\]", text)
    return text
}

# Words and files that may follow the call.
function arguments_of(usage,    n, parts, i) {
    n = split(usage, parts, /[ |]/)
    for (i = 1; i <= n; i++) {
        gsub(/[][]/, "", parts[i])
        if (kind_of(parts[i]) == "files") files[call] = 1
        else if (parts[i] ~ /^[a-z][a-z-]*$/) verbs[call] = verbs[call] (verbs[call] == "" ? "" : " ") parts[i]
    }
}

/^@/ {
    call = substr($1, 2)
    calls[++n_calls] = call
    about[call] = substr($0, length($1) + 2)
    options[call] = ""
    verbs[call] = ""
    next
}

/^Usage: / || /^  or:  / {
    usage = $0
    sub(/^.*\[OPTION\.\.\.\] ?/, "", usage)
    if (usage !~ /psephos/) arguments_of(usage)
    next
}

/^ +(-., )?--[a-z]/ {
    line = $0
    letter = ""
    sub(/^ +/, "", line)
    if (line ~ /^-., /) {
        letter = substr(line, 2, 1)
        line = substr(line, 5)
    }
    name = line
    sub(/ .*/, "", name)
    text = substr(line, length(name) + 1)
    sub(/^ +/, "", text)
    value = ""
    if (name ~ /=/) {
        value = name
        sub(/^[^=]*=/, "", value)
        sub(/=.*/, "", name)
    }
    name = substr(name, 3)
    if (name == "usage" || name == "version" || name == "help") next
    i = ++count[call]
    names[call, i] = name
    letters[call, i] = letter
    values[call, i] = value
    texts[call, i] = text
}

# A text too long for its line comes on the next one.
/^                    +[^ -]/ && count[call] && texts[call, count[call]] == "" {
    sub(/^ +/, "")
    texts[call, count[call]] = $0
}

function bash_case(    c, i, call, value, kind, pattern) {
    for (c = 1; c <= n_calls; c++) {
        call = calls[c]
        for (i = 1; i <= count[call]; i++) {
            value = values[call, i]
            kind = kind_of(value)
            if (kind == "") continue
            pattern = call ":--" names[call, i]
            if (letters[call, i] != "") pattern = pattern " | " call ":-" letters[call, i]
            printf "    %s) ", pattern
            if (kind == "words") printf "mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")", words_of(value)
            else if (kind == "files") printf "_psephos_files -f"
            else if (kind == "folders") printf "_psephos_files -d"
            else printf ":"
            print " && return ;;"
        }
    }
}

function bash(    c, i, call) {
    print "# bash completion of psephos(1), generated from its calls' --help"
    print "_psephos_files()\n{"
    print "    compopt -o filenames 2>/dev/null || :"
    print "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n}\n"
    print "_psephos()\n{"
    print "    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} call=${COMP_WORDS[1]}"
    print "    COMPREPLY=()"
    printf "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        mapfile -t COMPREPLY < <(compgen -W '"
    for (c = 1; c <= n_calls; c++) printf "%s ", calls[c]
    print "--help --version' -- \"$cur\")\n        return\n    fi"
    print "    # \"--dir=x\" is three words to bash."
    print "    if [ \"$cur\" = = ]; then cur=''; elif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi"
    print "    case \"$call:$before\" in"
    bash_case()
    print "    esac"
    print "    local options='' verbs='' files=no"
    print "    case \"$call\" in"
    for (c = 1; c <= n_calls; c++) {
        call = calls[c]
        printf "    %s)\n        options='", call
        for (i = 1; i <= count[call]; i++) printf "--%s ", names[call, i]
        printf "--help'\n"
        if (verbs[call] != "") printf "        verbs='%s'\n", verbs[call]
        if (call in files) print "        files=yes"
        print "        ;;"
    }
    print "    esac"
    print "    if [[ $cur == -* ]]; then"
    print "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")"
    print "    elif [ $files = yes ]; then\n        _psephos_files -f"
    print "    elif [ -n \"$verbs\" ]; then\n        mapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$cur\")\n    fi"
    print "} &&\n    complete -F _psephos psephos"
}

function zsh(    c, i, call, kind, action) {
    print "#compdef psephos\n# zsh completion of psephos(1), generated from its calls' --help"
    print "local curcontext=\"$curcontext\" state\nlocal -a calls\ncalls=("
    for (c = 1; c <= n_calls; c++) print "    " quoted(calls[c] ":" colons(about[calls[c]]))
    print ")\n_arguments -C '1:call:->call' '*::argument:->rest' && return\ncase $state in"
    print "call) _describe call calls ;;\nrest)\n    case $words[1] in"
    for (c = 1; c <= n_calls; c++) {
        call = calls[c]
        print "    " call ")\n        _arguments \\"
        for (i = 1; i <= count[call]; i++) {
            kind = kind_of(values[call, i])
            action = ""
            if (kind == "words") action = ":word:(" words_of(values[call, i]) ")"
            else if (kind == "files") action = ":file:_files"
            else if (kind == "folders") action = ":folder:_files -/"
            else if (kind == "other") action = ":" colons(values[call, i]) ":"
            print "            " quoted("--" names[call, i] (kind == "" ? "" : "=") "[" colons(texts[call, i]) "]" action) " \\"
        }
        if (call in files) print "            '*:file:_files'"
        else if (verbs[call] != "") print "            " quoted("*:word:(" verbs[call] ")")
        else print "            '*: :'"
        print "        ;;"
    }
    print "    esac\n    ;;\nesac"
}

function fish(    c, i, call, kind, line) {
    print "# fish completion of psephos(1), generated from its calls' --help\ncomplete -c psephos -f"
    for (c = 1; c <= n_calls; c++)
        print "complete -c psephos -n __fish_use_subcommand -a " calls[c] " -d " quoted(about[calls[c]])
    for (c = 1; c <= n_calls; c++) {
        call = calls[c]
        for (i = 1; i <= count[call]; i++) {
            kind = kind_of(values[call, i])
            line = "complete -c psephos -n '__fish_seen_subcommand_from " call "' -l " names[call, i]
            if (letters[call, i] != "") line = line " -s " letters[call, i]
            if (kind == "words") line = line " -x -a " quoted(words_of(values[call, i]))
            else if (kind == "files") line = line " -r -F"
            else if (kind == "folders") line = line " -x -a '(__fish_complete_directories)'"
            else if (kind == "other") line = line " -x"
            print line " -d " quoted(texts[call, i])
        }
        if (verbs[call] != "")
            print "complete -c psephos -n '__fish_seen_subcommand_from " call "' -a " quoted(verbs[call])
        if (call in files)
            print "complete -c psephos -n '__fish_seen_subcommand_from " call "' -F"
    }
}

END {
    if (shell == "bash") bash()
    else if (shell == "zsh") zsh()
    else fish()
}
