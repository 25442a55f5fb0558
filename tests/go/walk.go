// Files: a tree made, walked, globbed, renamed, linked and removed in a directory of its own.
package main

import (
	"bufio"
	"crypto/sha1"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Println("error", strings.ReplaceAll(err.Error(), os.Args[1], "DIR"))
	}
}

func show(root string) {
	h := sha1.New()
	n := 0
	must(filepath.Walk(root, func(path string, info fs.FileInfo, err error) error {
		must(err)
		rel, _ := filepath.Rel(root, path)
		size := info.Size()
		if info.IsDir() {
			size = 0
		}
		fmt.Fprintln(h, rel, info.Mode(), size)
		n++
		return nil
	}))
	fmt.Printf("%d entries, %x\n", n, h.Sum(nil)[:8])
}

func main() {
	root := filepath.Join(os.Args[1], "tree")
	must(os.Mkdir(root, 0o755))
	var wg sync.WaitGroup
	for d := 0; d < 20; d++ {
		wg.Add(1)
		go func(d int) {
			defer wg.Done()
			dir := filepath.Join(root, fmt.Sprintf("dir%02d", d), "sub")
			must(os.MkdirAll(dir, 0o755))
			for i := 0; i < 25; i++ {
				must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%02d.txt", i)), []byte(strings.Repeat("x", i*d)), 0o640))
			}
		}(d)
	}
	wg.Wait()
	show(root)
	g, err := filepath.Glob(filepath.Join(root, "dir0*", "sub", "f?1.txt"))
	fmt.Println("glob", len(g), err)

	must(os.Symlink("dir01", filepath.Join(root, "link")))
	must(os.Link(filepath.Join(root, "dir02/sub/f03.txt"), filepath.Join(root, "hard")))
	must(os.Rename(filepath.Join(root, "dir03"), filepath.Join(root, "renamed")))
	must(os.Chmod(filepath.Join(root, "hard"), 0o400))
	when := time.Unix(1234567890, 123456789)
	must(os.Chtimes(filepath.Join(root, "hard"), when, when))
	info, err := os.Stat(filepath.Join(root, "hard"))
	must(err)
	fmt.Println("time", info.ModTime().UTC(), info.Mode(), info.Size())
	target, err := filepath.EvalSymlinks(filepath.Join(root, "link", "sub"))
	must(err)
	fmt.Println("link", strings.TrimPrefix(target, root))
	show(root)

	f, err := os.OpenFile(filepath.Join(root, "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	must(err)
	w := bufio.NewWriter(f)
	for i := 0; i < 10000; i++ {
		fmt.Fprintln(w, "line", i)
	}
	must(w.Flush())
	must(f.Truncate(100000))
	off, err := f.Seek(-11, io.SeekEnd)
	rest, _ := io.ReadAll(f)
	fmt.Printf("log %d %q %v\n", off, rest, err)
	must(f.Sync())
	must(f.Close())

	names, err := os.ReadDir(root)
	must(err)
	var list []string
	for _, e := range names {
		list = append(list, e.Name())
	}
	sort.Strings(list)
	fmt.Println(list)
	_, err = os.Open(filepath.Join(root, "none"))
	must(err)
	must(os.Remove(filepath.Join(root, "renamed")))
	must(os.Chdir(root))
	wd, err := os.Getwd()
	fmt.Println("wd", strings.TrimPrefix(wd, os.Args[1]), err)
	must(os.Chdir("/"))
	must(os.RemoveAll(root))
	_, err = os.Stat(root)
	fmt.Println("removed", os.IsNotExist(err))
}
