// Sockets: datagrams, descriptors that travel, names, refusals, options.
package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func check(what string, err error) {
	if err != nil {
		fmt.Println("FAIL", what, err)
		os.Exit(1)
	}
}

func udpTest(network, addr string) {
	a, err := net.ListenPacket(network, addr)
	check("udp", err)
	b, err := net.Dial(network, a.LocalAddr().String())
	check("udp dial", err)
	for i := 0; i < 100; i++ {
		_, err = b.Write([]byte(fmt.Sprint("hello", i)))
		check("udp write", err)
		var buf [100]byte
		n, from, err := a.ReadFrom(buf[:])
		check("udp read", err)
		if from.String() != b.LocalAddr().String() || string(buf[:n]) != fmt.Sprint("hello", i) {
			fmt.Println("FAIL udp", from, b.LocalAddr())
		}
		_, err = a.WriteTo(buf[:n], from)
		check("udp writeto", err)
		_, err = b.Read(buf[:])
		check("udp read2", err)
	}
	a.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var buf [10]byte
	_, _, err = a.ReadFrom(buf[:])
	if e, ok := err.(net.Error); !ok || !e.Timeout() {
		fmt.Println("FAIL no timeout", err)
	}
	fmt.Println(network, "ok")
}

func fdTest(dir string) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "fd.sock"), Net: "unix"})
	check("unix", err)
	f, err := os.CreateTemp(dir, "f")
	check("temp", err)
	f.WriteString("0123456789")
	f.Seek(3, 0)
	go func() {
		c, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
		check("dialunix", err)
		_, _, err = c.WriteMsgUnix([]byte("x"), syscall.UnixRights(int(f.Fd()), int(f.Fd())), nil)
		check("writemsg", err)
		var b [1]byte
		c.Read(b[:])
	}()
	c, err := l.AcceptUnix()
	check("accept", err)
	buf, oob := make([]byte, 10), make([]byte, 1000)
	n, oobn, _, addr, err := c.ReadMsgUnix(buf, oob)
	check("readmsg", err)
	scms, err := syscall.ParseSocketControlMessage(oob[:oobn])
	check("parse", err)
	fds, err := syscall.ParseUnixRights(&scms[0])
	check("rights", err)
	g := os.NewFile(uintptr(fds[0]), "got")
	var b [3]byte
	g.Read(b[:])
	pos, _ := f.Seek(0, 1)
	fmt.Println("descriptors through a socket:", n, addr, len(fds), string(b[:]), pos)
	c.Close()
}

func nameTest(path string) {
	l, err := net.Listen("unix", path)
	check("listen", err)
	s, err := net.Dial("unix", path)
	check("dial", err)
	c, err := l.Accept()
	check("accept", err)
	fmt.Printf("names: %q %q\n", filepath.Base(s.RemoteAddr().String()), filepath.Base(c.LocalAddr().String()))
	l.Close()
	_, err = net.Dial("unix", path)
	fmt.Println(err != nil, err.(*net.OpError).Err)
}

func dualTest() {
	l, err := net.Listen("tcp", ":0")
	check("listen", err)
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", l.Addr().(*net.TCPAddr).Port))
	check("dial", err)
	t := c.(*net.TCPConn)
	fmt.Println(t.SetKeepAlive(true), t.SetNoDelay(false), t.SetLinger(3), t.SetReadBuffer(10000), t.CloseWrite())
	s, err := l.Accept()
	check("accept", err)
	var one [1]byte
	_, err = s.Read(one[:])
	fmt.Println(err)
}

func main() {
	dir, err := os.MkdirTemp("", "sockets")
	check("directory", err)
	defer os.RemoveAll(dir)
	udpTest("udp", "127.0.0.1:0")
	udpTest("udp6", "[::1]:0")
	fdTest(dir)
	nameTest(filepath.Join(dir, "name"))
	dualTest()
	_, err = net.Dial("tcp", "127.0.0.1:1")
	fmt.Println(err)
}
