# SPDX-License-Identifier: Apache-2.0
# Completion of credmint's command line in fish. `credmint __complete` gives the candidates.

function __credmint_complete
    set -l typed (commandline -opc)[2..] (string unescape -- (commandline -ct) | string replace -ra '[\'"]' '')
    for line in (command credmint __complete $typed 2>/dev/null)
        set -l parts (string split -m 1 \t -- $line)
        switch $parts[1]
            case :files
                set -l path (string sub -s (math 1 + (string length -- $parts[2])) -- $typed[-1])
                for file in (__fish_complete_path $path)
                    echo -- $parts[2]$file
                end
            case :commands
                complete -C (commandline -ct)
            case '*'
                echo -- $line
        end
    end
end

complete -c credmint -f -a '(__credmint_complete)'
