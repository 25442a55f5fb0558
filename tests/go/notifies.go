// signal.Notify, Ignore, Reset and a context that ends by a signal.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func wait(c <-chan os.Signal, what string) {
	select {
	case s := <-c:
		if s == syscall.SIGWINCH {
			fmt.Println(what, "of a new window size") // its name is the system's own
		} else {
			fmt.Println(what, s)
		}
	case <-time.After(5 * time.Second):
		fmt.Println(what, "nothing came")
	}
}

func main() {
	c := make(chan os.Signal, 1000)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGWINCH)
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGWINCH} {
		syscall.Kill(os.Getpid(), s)
		wait(c, "notified")
	}
	signal.Ignore(syscall.SIGHUP)
	syscall.Kill(os.Getpid(), syscall.SIGHUP)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	wait(c, "after ignore")
	fmt.Println("ignored", signal.Ignored(syscall.SIGHUP))

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	<-ctx.Done()
	stop()
	fmt.Println("context", ctx.Err())

	got := 0
	for i := 0; i < 200; i++ {
		syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		<-c
		got++
	}
	fmt.Println("in a row", got)

	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *int
		*p = 1
	}()
	signal.Reset()
	fmt.Println("now for the end")
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	time.Sleep(5 * time.Second)
	fmt.Println("still here")
}
