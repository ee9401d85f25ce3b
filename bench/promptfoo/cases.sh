#!/bin/sh
# Write the same N cases for both tools into DIR: cases.yaml (ours) and promptfooconfig.yaml. Half are `contains`, half `equals`.
#   cases.sh DIR N BASE_URL
set -eu
dir=$1 n=$2 url=$3

awk -v n="$n" 'BEGIN {
  print "version: 1\nname: sums\ntests:"
  for (i = 1; i <= n; i++) {
    a = i % 90 + 7; b = i % 13 + 2
    type = i % 2 ? "contains" : "equals"
    value = i % 2 ? a * b : a " * " b " is " a * b "."
    printf "  - {id: sum-%03d, turns: [{say: \"What is %d * %d?\", expect: [{type: %s, value: \"%s\"}]}]}\n", i, a, b, type, value
  }
}' >"$dir/cases.yaml"

awk -v n="$n" -v url="$url" 'BEGIN {
  print "prompts: [\"{{q}}\"]\nproviders:\n  - id: openai:chat:any\n    config: {apiBaseUrl: \"" url "\", apiKey: any}\ntests:"
  for (i = 1; i <= n; i++) {
    a = i % 90 + 7; b = i % 13 + 2
    type = i % 2 ? "contains" : "equals"
    value = i % 2 ? a * b : a " * " b " is " a * b "."
    printf "  - {vars: {q: \"What is %d * %d?\"}, assert: [{type: %s, value: \"%s\"}]}\n", a, b, type, value
  }
}' >"$dir/promptfooconfig.yaml"
