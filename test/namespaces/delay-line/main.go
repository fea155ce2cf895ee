// A path with a delay, a rate, a queue and losses between two network namespaces: what netem does, where the kernel has none.
//
//	delay-line [-delay MS] [-rate MBIT] [-queue MS] [-loss PERCENT] NAMESPACE NAMESPACE
//
// Each namespace gets a TUN device `line`, still without an address. What is sent into one comes out of the other: first it waits for
// its turn at the rate (a queue longer than that many milliseconds drops it), then it is on the way for the delay. The same both ways.
// Prints `ready` once both devices stand, and ends with its standard input.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const (
	device    = "line"
	tunSetIff = 0x400454ca // TUNSETIFF of linux/if_tun.h
	iffTun    = 0x0001
	iffNoPi   = 0x1000
	// prctl's: how late the kernel may wake a thread, in ns. Its default of 50 µs is half a packet at 100 Mbit/s.
	prSetTimerSlack = 29
	timerSlackNs    = 1
	// A packet as Ethernet would carry it, so that a rate means the same here as at tbf.
	frameBytes = 14
	mostBytes  = 1600
	// More than are on the way at 1 Gbit/s and 80 ms.
	mostPackets = 16384
)

type packet struct {
	due  time.Time
	size int
	data [mostBytes]byte
}

type line struct {
	delay, queue time.Duration
	// 0: as fast as they come.
	bitsPerSecond float64
	loss          float64
}

func main() {
	delayMs := flag.Float64("delay", 0, "one way, in milliseconds")
	rateMbit := flag.Float64("rate", 0, "Mbit/s each way, of frames; 0: no limit")
	queueMs := flag.Float64("queue", 50, "milliseconds of the rate that wait before packets are dropped")
	lossPercent := flag.Float64("loss", 0, "of packets, each way")
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	one, other := open(flag.Arg(0)), open(flag.Arg(1))
	path := line{milliseconds(*delayMs), milliseconds(*queueMs), *rateMbit * 1e6, *lossPercent / 100}
	go path.carry(one, other, 1)
	go path.carry(other, one, 2)
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(1)
}

// A TUN device in that namespace. It stays there when its descriptor is used from elsewhere.
func open(namespace string) int {
	opened := make(chan int)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and its namespace with it
		at, err := os.Open("/var/run/netns/" + namespace)
		if err != nil {
			fail(namespace, err)
		}
		defer at.Close()
		if _, _, errno := syscall.RawSyscall(sysSetns, at.Fd(), syscall.CLONE_NEWNET, 0); errno != 0 {
			fail("setns", errno)
		}
		tun, err := syscall.Open("/dev/net/tun", syscall.O_RDWR, 0)
		if err != nil {
			fail("/dev/net/tun", err)
		}
		var request struct {
			name  [16]byte
			flags uint16
			_     [22]byte
		}
		copy(request.name[:], device)
		request.flags = iffTun | iffNoPi
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(tun), tunSetIff, uintptr(unsafe.Pointer(&request))); errno != 0 {
			fail("TUNSETIFF", errno)
		}
		opened <- tun
	}()
	return <-opened
}

// Reads and writes block their threads: Go's own poller would wake them up to a millisecond late.
func (path line) carry(from, to int, seed int64) {
	onTheWay := make(chan *packet, mostPackets)
	spare := make(chan *packet, mostPackets+2)
	go deliver(to, onTheWay, spare)
	runtime.LockOSThread()
	chance := rand.New(rand.NewSource(seed))
	var free time.Time
	for {
		var one *packet
		select {
		case one = <-spare:
		default:
			one = new(packet)
		}
		size, err := syscall.Read(from, one.data[:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			fail("read", err)
		}
		now := time.Now()
		if path.loss > 0 && chance.Float64() < path.loss {
			continue
		}
		leaves := now
		if path.bitsPerSecond > 0 {
			if free.After(leaves) {
				leaves = free
			}
			if leaves.Sub(now) > path.queue {
				continue
			}
			leaves = leaves.Add(time.Duration(float64((size+frameBytes)*8) / path.bitsPerSecond * float64(time.Second)))
			free = leaves
		}
		one.due, one.size = leaves.Add(path.delay), size
		select {
		case onTheWay <- one:
		default: // more than there is memory for
		}
	}
}

func deliver(to int, onTheWay <-chan *packet, spare chan<- *packet) {
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, timerSlackNs, 0); errno != 0 {
		fail("prctl", errno)
	}
	for one := range onTheWay {
		if wait := time.Until(one.due); wait > 20*time.Microsecond {
			pause := syscall.NsecToTimespec(int64(wait))
			_ = syscall.Nanosleep(&pause, nil)
		}
		_, _ = syscall.Write(to, one.data[:one.size]) // a device that is down takes nothing
		select {
		case spare <- one:
		default:
		}
	}
}
