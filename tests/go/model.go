// Files: random operations on descriptors, offsets and names, by a seed.  Every result, error, offset and final byte goes
// into one hash, so that the FreeBSD build and the Linux build can be compared.  With a third argument each step is printed.
package main

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand"
	"os"
	"strconv"
	"syscall"
)

const (
	first = 3 // descriptors first..first+slots-1 take part
	slots = 24
	names = 6
)

var errnoNames = map[syscall.Errno]string{
	syscall.EBADF: "EBADF", syscall.EINVAL: "EINVAL", syscall.ENOENT: "ENOENT", syscall.EMFILE: "EMFILE",
	syscall.ESPIPE: "ESPIPE", syscall.EEXIST: "EEXIST", syscall.EISDIR: "EISDIR", syscall.ENXIO: "ENXIO",
	syscall.EOVERFLOW: "EOVERFLOW", syscall.EAGAIN: "EAGAIN", syscall.EPIPE: "EPIPE", syscall.ENOTDIR: "ENOTDIR",
	syscall.EFBIG: "EFBIG", syscall.ELOOP: "ELOOP",
}

func text(err error) string {
	if err == nil || err == syscall.Errno(0) {
		return "ok"
	}
	if n, ok := errnoNames[err.(syscall.Errno)]; ok {
		return n
	}
	return err.Error()
}

type model struct {
	*rand.Rand
	sum   hash.Hash
	step  int
	loud  bool
	bytes [8192]byte
}

func (m *model) say(format string, a ...interface{}) {
	s := fmt.Sprintf("%d ", m.step) + fmt.Sprintf(format, a...)
	fmt.Fprintln(m.sum, s)
	if m.loud {
		fmt.Println(s)
	}
}

// Mostly a descriptor that may be open; never one of the first three.
func (m *model) fd() int {
	if m.Intn(20) == 0 {
		return first + slots + m.Intn(40)
	}
	return first + m.Intn(slots)
}

func (m *model) name() string { return "f" + strconv.Itoa(m.Intn(names)) }

func (m *model) offset() int64 {
	if m.Intn(10) == 0 {
		return int64(m.Intn(1 << 20))
	}
	return int64(m.Intn(5000))
}

func (m *model) fill(n int) []byte {
	for i := range m.bytes[:n] {
		m.bytes[i] = byte(m.step + i*7)
	}
	return m.bytes[:n]
}

// A number beyond the slots is given back, so that the table stays small.
func (m *model) keep(what string, fd int, err error) {
	if fd >= first+slots {
		syscall.Close(fd)
		fd = -2
	}
	m.say("%s = %d %s", what, fd, text(err))
}

func (m *model) got(what string, n int, err error) {
	k := n
	if k < 0 {
		k = 0
	}
	s := sha256.Sum256(m.bytes[:k])
	m.say("%s = %d %s %x", what, n, text(err), s[:4])
}

func (m *model) open() {
	flags := []int{syscall.O_RDONLY, syscall.O_WRONLY, syscall.O_RDWR, syscall.O_RDWR}[m.Intn(4)]
	for _, extra := range []struct{ odds, flag int }{{2, syscall.O_CREAT}, {6, syscall.O_TRUNC}, {4, syscall.O_APPEND},
		{10, syscall.O_CREAT | syscall.O_EXCL}, {5, syscall.O_CLOEXEC}} {
		if m.Intn(extra.odds) == 0 {
			flags |= extra.flag
		}
	}
	name := m.name()
	fd, err := syscall.Open(name, flags, 0644)
	m.keep("open "+name, fd, err)
}

func (m *model) pipe() {
	var p [2]int
	err := syscall.Pipe2(p[:], syscall.O_NONBLOCK)
	if err == nil && p[1] >= first+slots {
		syscall.Close(p[0])
		syscall.Close(p[1])
		p = [2]int{-2, -2}
	}
	m.say("pipe %v %s", p, text(err))
}

func fcntl(fd, cmd, arg int) (int, error) {
	r, _, e := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(cmd), uintptr(arg))
	return int(r), e
}

func (m *model) dup() {
	fd := m.fd()
	switch m.Intn(3) {
	case 0:
		n, err := syscall.Dup(fd)
		m.keep(fmt.Sprint("dup ", fd), n, err)
	case 1:
		to := first + m.Intn(slots)
		m.say("dup2 %d %d %s", fd, to, text(syscall.Dup2(fd, to)))
	default:
		n, err := fcntl(fd, syscall.F_DUPFD_CLOEXEC, first+m.Intn(slots))
		if err != syscall.Errno(0) {
			n = -1
		}
		m.keep(fmt.Sprint("dupfd ", fd), n, err)
	}
}

// The access mode and O_APPEND as the open file has them, and close-on-exec of the slot.
func (m *model) flags() {
	fd := m.fd()
	if m.Intn(2) == 0 {
		set := []int{0, syscall.O_APPEND}[m.Intn(2)]
		if have, err := fcntl(fd, syscall.F_GETFL, 0); err == syscall.Errno(0) && have&syscall.O_NONBLOCK != 0 {
			set |= syscall.O_NONBLOCK
		}
		_, err := fcntl(fd, syscall.F_SETFL, set)
		m.say("setfl %d %v %s", fd, set&syscall.O_APPEND != 0, text(err))
	}
	fl, err := fcntl(fd, syscall.F_GETFL, 0)
	ex, _ := fcntl(fd, syscall.F_GETFD, 0)
	if err != syscall.Errno(0) {
		m.say("getfl %d %s", fd, text(err))
		return
	}
	m.say("getfl %d mode %d append %v cloexec %d", fd, fl&syscall.O_ACCMODE, fl&syscall.O_APPEND != 0, ex)
}

func (m *model) read() {
	fd, n := m.fd(), m.Intn(3000)
	k, err := syscall.Read(fd, m.bytes[:n])
	m.got(fmt.Sprint("read ", fd, n), k, err)
}

func (m *model) write() {
	fd, n := m.fd(), m.Intn(3000)
	k, err := syscall.Write(fd, m.fill(n))
	m.say("write %d %d = %d %s", fd, n, k, text(err))
}

func (m *model) positioned() {
	fd, n, at := m.fd(), m.Intn(3000), m.offset()
	if m.Intn(2) == 0 {
		k, err := syscall.Pread(fd, m.bytes[:n], at)
		m.got(fmt.Sprint("pread ", fd, n, at), k, err)
		return
	}
	k, err := syscall.Pwrite(fd, m.fill(n), at)
	m.say("pwrite %d %d %d = %d %s", fd, n, at, k, text(err))
}

func (m *model) seek() {
	fd, at, whence := m.fd(), m.offset(), m.Intn(5) // 3 and 4 are SEEK_DATA and SEEK_HOLE on both
	if m.Intn(4) == 0 {
		at = -at
	}
	if whence > 2 {
		at = at / 4096 * 4096
		if at < 0 { // ENXIO there, EINVAL here
			at = -at
		}
	}
	k, err := syscall.Seek(fd, at, whence)
	m.say("seek %d %d %d = %d %s", fd, at, whence, k, text(err))
}

func (m *model) cut() {
	fd, at := m.fd(), m.offset()
	m.say("ftruncate %d %d %s", fd, at, text(syscall.Ftruncate(fd, at)))
}

func (m *model) stat() {
	var st syscall.Stat_t
	fd := m.fd()
	err := syscall.Fstat(fd, &st)
	if st.Mode&syscall.S_IFMT == syscall.S_IFIFO {
		st.Size, st.Nlink = 0, 0 // a pipe says what it holds there, and nothing here
	}
	m.say("fstat %d mode %o size %d links %d %s", fd, st.Mode, st.Size, st.Nlink, text(err))
}

func (m *model) rename() {
	a, b := m.name(), m.name()
	switch m.Intn(4) {
	case 0:
		m.say("unlink %s %s", a, text(syscall.Unlink(a)))
	case 1:
		m.say("link %s %s %s", a, b, text(syscall.Link(a, b)))
	case 2:
		m.say("truncate %s %s", a, text(syscall.Truncate(a, m.offset())))
	default:
		m.say("rename %s %s %s", a, b, text(syscall.Rename(a, b)))
	}
}

func (m *model) close() {
	fd := m.fd()
	m.say("close %d %s", fd, text(syscall.Close(fd)))
}

func (m *model) run(steps int) {
	ops := []func(){m.open, m.open, m.pipe, m.close, m.dup, m.flags, m.read, m.read, m.read, m.write, m.write, m.write,
		m.positioned, m.seek, m.seek, m.cut, m.stat, m.rename}
	for m.step = 0; m.step < steps; m.step++ {
		ops[m.Intn(len(ops))]()
	}
	for i := 0; i < names; i++ {
		b, err := os.ReadFile("f" + strconv.Itoa(i))
		m.say("f%d: %d bytes %x %v", i, len(b), sha256.Sum256(b), err == nil)
	}
}

func main() {
	if err := os.Chdir(os.Args[1]); err != nil {
		panic(err)
	}
	seed, _ := strconv.Atoi(os.Args[2])
	steps, _ := strconv.Atoi(os.Args[3])
	for fd := first; fd < first+slots+40; fd++ {
		syscall.Close(fd)
	}
	m := &model{Rand: rand.New(rand.NewSource(int64(seed))), sum: sha256.New(), loud: len(os.Args) > 4}
	m.run(steps)
	fmt.Printf("seed %d: %d steps, %x\n", seed, steps, m.sum.Sum(nil)[:16])
}
