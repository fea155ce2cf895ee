// load: the far ends of a tunnel, for measuring it.
//
//	load serve HOST:PORT              first byte decides: 'd' + 8-byte count: sends that much; 'u': swallows until end, answers the count;
//	                                  'h' + 8-byte count: gives that much back, and its SHA-256 at the end; 'e': echoes
//	load down ADDR MIB [STREAMS]      MiB/s received
//	load up ADDR MIB [STREAMS]        MiB/s, until the far end has confirmed all of it
//	load whole ADDR MIB [STREAMS]     random bytes there and back, hashed at both ends: MiB/s; fails where one differs
//	load new ADDR N                   ms for a new connection and one byte back: p50 p95 p99 failed
//	load echo ADDR N                  ms for one byte there and back on a warm connection: p50 p95
//	load beside ADDR N                the same as echo, while one stream downloads from the same address at full speed: its MiB/s, p50 p95 p99 failed
//	load burst ADDR N                 N connections at the same instant, ms to each first byte, sorted
//	load delay LISTEN TARGET MS       a TCP path with MS/2 each way, unlimited window
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func num(i, def int) int {
	if len(os.Args) <= i {
		return def
	}
	n, err := strconv.Atoi(os.Args[i])
	check(err)
	return n
}

func serve(c net.Conn) {
	defer c.Close()
	b := make([]byte, 256<<10)
	if _, err := io.ReadFull(c, b[:1]); err != nil {
		return
	}
	switch b[0] {
	case 'd':
		if _, err := io.ReadFull(c, b[:8]); err != nil {
			return
		}
		n := int64(binary.BigEndian.Uint64(b[:8]))
		for n > 0 {
			k := int64(len(b))
			if k > n {
				k = n
			}
			if _, err := c.Write(b[:k]); err != nil {
				return
			}
			n -= k
		}
	case 'u':
		if _, err := io.ReadFull(c, b[:8]); err != nil {
			return
		}
		n := int64(binary.BigEndian.Uint64(b[:8]))
		if _, err := io.CopyN(io.Discard, c, n); err != nil {
			return
		}
		c.Write([]byte("k"))
	case 'h':
		if _, err := io.ReadFull(c, b[:8]); err != nil {
			return
		}
		n := int64(binary.BigEndian.Uint64(b[:8]))
		sum := sha256.New()
		if _, err := io.CopyBuffer(io.MultiWriter(sum, c), io.LimitReader(c, n), b); err != nil {
			return
		}
		c.Write(sum.Sum(nil))
	default:
		c.Write(b[:1])
		io.CopyBuffer(c, c, b)
	}
}

func transfer(kind byte, addr string, mib, streams int) {
	var wg sync.WaitGroup
	each := int64(mib) << 20 / int64(streams)
	t := time.Now()
	for i := 0; i < streams; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := net.DialTimeout("tcp", addr, 5*time.Second)
			check(err)
			defer c.Close()
			c.SetDeadline(time.Now().Add(120 * time.Second))
			h := make([]byte, 9)
			h[0] = kind
			binary.BigEndian.PutUint64(h[1:], uint64(each))
			c.Write(h)
			b := make([]byte, 256<<10)
			if kind == 'd' {
				n := int64(0)
				for n < each {
					k, err := c.Read(b)
					n += int64(k)
					if err != nil && n < each {
						check(fmt.Errorf("%d of %d: %w", n, each, err))
					}
				}
				return
			}
			for n := each; n > 0; {
				k := int64(len(b))
				if k > n {
					k = n
				}
				_, err := c.Write(b[:k])
				check(err)
				n -= k
			}
			_, err = io.ReadFull(c, b[:1])
			check(err)
		}()
	}
	wg.Wait()
	fmt.Printf("%.1f\n", float64(mib)/time.Since(t).Seconds())
}

func whole(addr string, mib, streams int) {
	var wg sync.WaitGroup
	each := int64(mib) << 20 / int64(streams)
	t := time.Now()
	for i := 0; i < streams; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := net.DialTimeout("tcp", addr, 5*time.Second)
			check(err)
			defer c.Close()
			c.SetDeadline(time.Now().Add(120 * time.Second))
			h := make([]byte, 9)
			h[0] = 'h'
			binary.BigEndian.PutUint64(h[1:], uint64(each))
			_, err = c.Write(h)
			check(err)
			var seed [32]byte
			_, err = rand.Read(seed[:])
			check(err)
			sent, back := sha256.New(), sha256.New()
			done := make(chan error, 1)
			go func() {
				_, err := io.CopyN(io.MultiWriter(sent, c), mathrand.NewChaCha8(seed), each)
				done <- err
			}()
			_, err = io.CopyN(back, c, each)
			check(err)
			check(<-done)
			there := make([]byte, sha256.Size)
			_, err = io.ReadFull(c, there)
			check(err)
			if !bytes.Equal(sent.Sum(nil), there) || !bytes.Equal(sent.Sum(nil), back.Sum(nil)) {
				check(fmt.Errorf("sent %x, there %x, back %x", sent.Sum(nil), there, back.Sum(nil)))
			}
		}()
	}
	wg.Wait()
	fmt.Printf("%.1f\n", float64(mib)/time.Since(t).Seconds())
}

func knock(addr string) float64 {
	t := time.Now()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return -1
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	b := []byte("e")
	if _, err = c.Write(b); err == nil {
		_, err = io.ReadFull(c, b)
	}
	if err != nil {
		return -1
	}
	return float64(time.Since(t).Microseconds()) / 1000
}

func report(a []float64) {
	failed := 0
	ok := a[:0]
	for _, x := range a {
		if x < 0 {
			failed++
		} else {
			ok = append(ok, x)
		}
	}
	sort.Float64s(ok)
	if len(ok) == 0 {
		fmt.Println("NaN NaN NaN", failed)
		return
	}
	q := func(p float64) float64 { return ok[int(p*float64(len(ok)-1))] }
	fmt.Printf("%.3f %.3f %.3f %d\n", q(.5), q(.95), q(.99), failed)
}

func main() {
	switch os.Args[1] {
	case "serve":
		l, err := net.Listen("tcp", os.Args[2])
		check(err)
		for {
			c, err := l.Accept()
			check(err)
			go serve(c)
		}
	case "down":
		transfer('d', os.Args[2], num(3, 256), num(4, 1))
	case "up":
		transfer('u', os.Args[2], num(3, 256), num(4, 1))
	case "whole":
		whole(os.Args[2], num(3, 256), num(4, 1))
	case "new":
		a := make([]float64, num(3, 150))
		for i := range a {
			a[i] = knock(os.Args[2])
			time.Sleep(4 * time.Millisecond)
		}
		report(a)
	case "echo":
		c, err := net.Dial("tcp", os.Args[2])
		check(err)
		b := []byte("e")
		c.Write(b)
		_, err = io.ReadFull(c, b)
		check(err)
		a := make([]float64, num(3, 500))
		for i := range a {
			t := time.Now()
			c.Write(b)
			_, err := io.ReadFull(c, b)
			check(err)
			a[i] = float64(time.Since(t).Nanoseconds()) / 1e6
		}
		report(a)
	case "beside":
		bulk, err := net.Dial("tcp", os.Args[2])
		check(err)
		h := make([]byte, 9)
		h[0] = 'd'
		binary.BigEndian.PutUint64(h[1:], 1<<50)
		bulk.Write(h)
		var got atomic.Int64
		go func() {
			b := make([]byte, 256<<10)
			for {
				n, err := bulk.Read(b)
				if err != nil {
					return
				}
				got.Add(int64(n))
			}
		}()
		c, err := net.Dial("tcp", os.Args[2])
		check(err)
		b := []byte("e")
		c.Write(b)
		_, err = io.ReadFull(c, b)
		check(err)
		time.Sleep(300 * time.Millisecond)
		a := make([]float64, num(3, 300))
		from, began := got.Load(), time.Now()
		for i := range a {
			t := time.Now()
			c.Write(b)
			_, err := io.ReadFull(c, b)
			check(err)
			a[i] = float64(time.Since(t).Nanoseconds()) / 1e6
			time.Sleep(5 * time.Millisecond)
		}
		rate := float64(got.Load()-from) / time.Since(began).Seconds() / (1 << 20)
		fmt.Printf("%.1f ", rate)
		report(a)
	case "burst":
		a := make([]float64, num(3, 10))
		var wg sync.WaitGroup
		for i := range a {
			wg.Add(1)
			go func() { defer wg.Done(); a[i] = knock(os.Args[2]) }()
		}
		wg.Wait()
		sort.Float64s(a)
		for _, x := range a {
			fmt.Printf("%.0f ", x)
		}
		fmt.Println()
	case "delay":
		l, err := net.Listen("tcp", os.Args[2])
		check(err)
		d := time.Duration(num(4, 100)) * time.Millisecond / 2
		for {
			c, err := l.Accept()
			check(err)
			go func() {
				s, err := net.Dial("tcp", os.Args[3])
				if err != nil {
					c.Close()
					return
				}
				go late(c, s, d)
				late(s, c, d)
			}()
		}
	}
}

type piece struct {
	at time.Time
	b  []byte
}

func late(from, to net.Conn, d time.Duration) {
	q := make(chan piece, 1<<16)
	go func() {
		for p := range q {
			time.Sleep(time.Until(p.at))
			if _, err := to.Write(p.b); err != nil {
				from.Close()
			}
		}
		to.Close()
	}()
	for {
		b := make([]byte, 64<<10)
		n, err := from.Read(b)
		if n > 0 {
			q <- piece{time.Now().Add(d), b[:n]}
		}
		if err != nil {
			close(q)
			return
		}
	}
}
