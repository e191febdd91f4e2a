// SPDX-License-Identifier: Apache-2.0
// client: Go fasthttp
// kind: library
// debian: golang-github-valyala-fasthttp-dev
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	times, _ := strconv.Atoi(os.Args[2])
	if os.Args[3] != "0" {
		fmt.Println("it reads every reply whole")
		os.Exit(77)
	}
	client := &fasthttp.Client{}
	for i := 0; i < times; i++ {
		if _, _, err := client.Get(nil, os.Args[1]); err != nil {
			panic(err)
		}
	}
	time.Sleep(time.Hour)
}
