// SPDX-License-Identifier: Apache-2.0
// Calls STS forty times with the SDK for Go v2: go_v2 STS_URL
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	ctx := context.Background()
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"))
	if err != nil {
		log.Fatal(err)
	}
	client := sts.NewFromConfig(loaded, sts.WithEndpointResolver(sts.EndpointResolverFromURL(os.Args[1])))
	for call := 0; call < 40; call++ {
		if _, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
			log.Fatal(err)
		}
	}
}
