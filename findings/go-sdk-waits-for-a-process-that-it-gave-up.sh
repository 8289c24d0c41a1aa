#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AWS SDK for Go v2 (1.17.1): the time limit of a credential_process, a minute by default, ends the
# shell that runs it. The process itself goes on, and the SDK waits for its end. It then drops the
# credentials that the process has printed, and fails. Here the limit is one second, and the process
# takes three.
#
# One would expect the limit to end the wait, or the credentials to be used once they are there. A
# process that hangs hangs the program, whatever the limit is.
#
# Installs the SDK's Debian 12 packages into a temporary folder. Needs Go. Exits with 0 if the SDK
# behaves as described, 1 if it does not, and 77 if something cannot be had.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in golang-github-aws-aws-sdk-go-v2-dev=1.17.1-3 \
  golang-github-aws-smithy-go-dev=1.13.3-2; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
command -v go >/dev/null || {
  echo "cannot be had: go"
  exit 77
}

cat >process <<'SHELL'
#!/bin/sh
sleep 3
echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"s","SessionToken":"t"}'
SHELL
chmod +x process

cat >ask.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

func main() {
	limit := func(options *processcreds.Options) { options.Timeout = time.Second }
	began := time.Now()
	found, err := processcreds.NewProvider(os.Args[1], limit).Retrieve(context.Background())
	fmt.Printf("after %.0f seconds: key %q, %v\n", time.Since(began).Seconds(), found.AccessKeyID, err)
}
GO
GO111MODULE=off GOPATH="$folder/root/usr/share/gocode" GOCACHE="$folder/cache" go build ask.go

./ask "$folder/process" | tee seen
expected='after 3 seconds: key "", process provider error: credential process timed out: signal: killed'
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: it waited three seconds for what it had given up after one"
