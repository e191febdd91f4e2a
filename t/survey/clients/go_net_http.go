// SPDX-License-Identifier: Apache-2.0
// client: Go net/http
// kind: library
// debian: golang-go
package main

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	times, _ := strconv.Atoi(os.Args[2])
	size, _ := strconv.ParseInt(os.Args[3], 10, 64)
	for i := 0; i < times; i++ {
		reply, err := http.Get(os.Args[1])
		if err != nil {
			panic(err)
		}
		if size > 0 {
			io.CopyN(io.Discard, reply.Body, size)
			time.Sleep(time.Hour)
		}
		io.Copy(io.Discard, reply.Body)
		reply.Body.Close()
	}
	time.Sleep(time.Hour)
}
