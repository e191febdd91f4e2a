// SPDX-License-Identifier: Apache-2.0
package main

import (
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	reply, err := http.Get(os.Args[1])
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, reply.Body)
	reply.Body.Close()
	time.Sleep(90 * time.Second)
}
