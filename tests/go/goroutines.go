// A thousand goroutines over channels, mutexes and timers.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

func ring(n, rounds int) int {
	first := make(chan int)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int)
		go func(in <-chan int, out chan<- int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	sum := 0
	for i := 0; i < rounds; i++ {
		first <- i
		sum += <-in
	}
	close(first)
	return sum
}

func timers(n int) (int, bool) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	fired, early := 0, false
	for i := 0; i < n; i++ {
		wg.Add(1)
		d := time.Duration(i%50) * time.Millisecond
		start := time.Now()
		time.AfterFunc(d, func() {
			mu.Lock()
			fired++
			early = early || time.Since(start) < d
			mu.Unlock()
			wg.Done()
		})
	}
	wg.Wait()
	return fired, early
}

func preempted() int {
	var wg sync.WaitGroup
	done := make(chan bool)
	for i := 0; i < runtime.GOMAXPROCS(0)*4; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			x := uint32(1)
			for i := 0; i < 50000000; i++ {
				x = x*1664525 + 1013904223
			}
			if x == 0 {
				fmt.Println("never")
			}
		}()
	}
	ticks := 0
	go func() { wg.Wait(); close(done) }()
	ticker := time.NewTicker(2 * time.Millisecond)
	for {
		select {
		case <-ticker.C:
			ticks++
		case <-done:
			return ticks
		}
	}
}

func garbage() int {
	var wg sync.WaitGroup
	total := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			n := 0
			for k := 0; k < 300; k++ {
				b := make([]byte, 16<<(k%10))
				b[len(b)-1] = byte(i)
				n += len(b)
			}
			total <- n
		}(i)
	}
	wg.Wait()
	close(total)
	sum := 0
	for n := range total {
		sum += n
	}
	runtime.GC()
	return sum
}

func main() {
	fmt.Println("ring", ring(1000, 50))
	fired, early := timers(1000)
	fmt.Println("timers", fired, early)
	if preempted() == 0 {
		fmt.Println("no tick came through")
		os.Exit(1)
	}
	fmt.Println("garbage", garbage())
}
