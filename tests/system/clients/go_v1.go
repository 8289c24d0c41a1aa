// SPDX-License-Identifier: Apache-2.0
// Calls STS forty times with the SDK for Go v1: go_v1 STS_URL
package main

import (
	"log"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sts"
)

func main() {
	config := aws.NewConfig().WithEndpoint(os.Args[1]).WithRegion("us-east-1")
	client := sts.New(session.Must(session.NewSession(config)))
	for call := 0; call < 40; call++ {
		if _, err := client.GetCallerIdentity(&sts.GetCallerIdentityInput{}); err != nil {
			log.Fatal(err)
		}
	}
}
