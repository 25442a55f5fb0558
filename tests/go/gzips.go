// 100 MB of generated data through gzip and back, with a checksum of each side.
package main

import (
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

type source struct{ left, state uint64 }

func (s *source) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	if uint64(len(p)) > s.left {
		p = p[:s.left]
	}
	for i := range p {
		s.state = s.state*6364136223846793005 + 1442695040888963407
		p[i] = "abcdefgh ijklmnop"[(s.state>>59)%17]
	}
	s.left -= uint64(len(p))
	return len(p), nil
}

func main() {
	const size = 100 << 20
	file, err := os.CreateTemp(os.Args[1], "gzip")
	if err != nil {
		fmt.Println("cannot create")
		os.Exit(1)
	}
	defer os.Remove(file.Name())
	in, packed, out := sha256.New(), sha256.New(), sha256.New()
	w, _ := gzip.NewWriterLevel(io.MultiWriter(file, packed), gzip.BestSpeed)
	n, err := io.Copy(w, io.TeeReader(&source{size, 1}, in))
	fmt.Println(n, err, w.Close())
	file.Seek(0, io.SeekStart)
	r, err := gzip.NewReader(file)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	n, err = io.Copy(out, r)
	fmt.Println(n, err)
	fmt.Printf("%x\n%x\n%x\n", in.Sum(nil), packed.Sum(nil), out.Sum(nil))
}
