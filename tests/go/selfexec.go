// os/exec of itself: pipes, environment, statuses, signals, many children at once.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

func child() {
	switch os.Args[1] {
	case "echo":
		io.Copy(os.Stdout, os.Stdin)
		fmt.Fprintln(os.Stderr, "env", os.Getenv("SAMPLE"), os.Args[2:])
	case "exit":
		os.Exit(42)
	case "sleep":
		time.Sleep(time.Minute)
	case "fds":
		n := 0
		for i := uintptr(3); i < 20; i++ {
			if f := os.NewFile(i, "x"); f != nil {
				if _, err := f.Stat(); err == nil {
					n++
				}
			}
		}
		fmt.Println("extra", n > 0)
	}
	os.Exit(0)
}

func run(stdin string, args ...string) {
	c := exec.Command(os.Args[0], args...)
	c.Stdin = strings.NewReader(stdin)
	c.Env = append(os.Environ(), "SAMPLE=value")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	fmt.Printf("%v: out %q errors %q status %v\n", args, shorten(out.String()), errs.String(), err)
}

func shorten(s string) string {
	if len(s) > 60 {
		return fmt.Sprintf("%d bytes", len(s))
	}
	return s
}

func main() {
	if len(os.Args) > 1 {
		child()
	}
	run("hello", "echo", "a", "b c")
	run(strings.Repeat("x", 1<<20), "echo")
	run("", "exit")

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fmt.Println("killed:", exec.CommandContext(ctx, os.Args[0], "sleep").Run())

	c := exec.Command(os.Args[0], "sleep")
	fmt.Println(c.Start())
	c.Process.Signal(os.Interrupt)
	fmt.Println("interrupted:", c.Wait())

	fmt.Println(exec.Command("/nonexistent/program").Run())

	var wg sync.WaitGroup
	good := make(chan bool, 20)
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c := exec.Command(os.Args[0], "echo")
			c.Stdin = strings.NewReader(fmt.Sprint(i))
			out, err := c.Output()
			good <- err == nil && string(out) == fmt.Sprint(i)
		}(i)
	}
	wg.Wait()
	close(good)
	n := 0
	for g := range good {
		if g {
			n++
		}
	}
	fmt.Println("children", n)
}
