// An HTTP server and its clients in one program.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

func handler(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		body, _ := io.ReadAll(r.Body) // all of it before the first byte of the answer, as HTTP/1 wants
		w.Write(body)
	case "/slow":
		for i := 0; i < 5; i++ {
			fmt.Fprintf(w, "part %d\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	default:
		http.NotFound(w, r)
	}
}

func get(c *http.Client, url string, body []byte) string {
	r, err := c.Post(url, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return "error " + err.Error()
	}
	defer r.Body.Close()
	h := sha256.New()
	n, err := io.Copy(h, r.Body)
	return fmt.Sprintf("%d %d %v %x", r.StatusCode, n, err, h.Sum(nil)[:8])
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{Handler: http.HandlerFunc(handler)}
	go server.Serve(l)
	base := "http://" + l.Addr().String()

	client := &http.Client{Timeout: 20 * time.Second}
	fmt.Println("slow", get(client, base+"/slow", nil))
	fmt.Println("none", get(client, base+"/none", nil))
	results := make([]string, 64)
	var wg sync.WaitGroup
	for i := range results {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			results[i] = get(client, base+"/echo", bytes.Repeat([]byte{byte(i)}, 1000*(i+1)))
		}(i)
	}
	wg.Wait()
	for i, r := range results {
		fmt.Println(i, r)
	}
	big := bytes.Repeat([]byte("dragoman "), 1<<20)
	fmt.Println("big", get(client, base+"/echo", big))

	conn, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
	if err == nil {
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, err = conn.Read(make([]byte, 1))
		e, ok := err.(net.Error)
		fmt.Println("deadline", ok && e.Timeout())
		conn.Close()
	}
	server.Close()
	_, err = client.Get(base + "/echo")
	fmt.Println("closed", err != nil)
}
