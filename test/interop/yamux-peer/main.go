// The far end of a yamux session, kept with hashicorp/yamux: over one connection it dials or takes, it does what the first
// line of every stream opened to it says.
//
//	echo           gives back what it gets, then ends
//	count          reads to the end, then answers "BYTES SHA256"
//	send N         sends N random bytes and their SHA-256 (32 bytes), then ends
//	stall          reads nothing more, and keeps the stream
//	leave          ends its side at once; with -close-timeout it resets the stream after that
//	watch          reads to the end and says on stdout how that came: "watched: end" or "watched: ERROR"
//	dial C N       opens C streams at once, sends N random bytes on each, ends its side, and compares what comes back;
//	               answers "ok C" or what was wrong
//	try            opens one stream and answers "opened" or the error
//	goaway         asks us to open no more, then answers "asked"
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/yamux"
)

// How long anything here may wait for the other end.
const patience = 30 * time.Second

func main() {
	role := flag.String("role", "server", "the yamux role: client dials -to, server listens on loopback")
	to := flag.String("to", "", "whom a client dials")
	closeTimeout := flag.Duration("close-timeout", 5*time.Minute, "a stream ended here and not there is reset after this")
	flag.Parse()
	config := yamux.DefaultConfig()
	config.StreamCloseTimeout = *closeTimeout
	session, err := open(*role, *to, config)
	if err != nil {
		fmt.Println("no session:", err)
		os.Exit(1)
	}
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			fmt.Println("session over:", err)
			return
		}
		go serve(session, stream)
	}
}

func open(role, to string, config *yamux.Config) (*yamux.Session, error) {
	if role == "client" {
		conn, err := net.Dial("tcp", to)
		if err != nil {
			return nil, err
		}
		return yamux.Client(conn, config)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	fmt.Println("listening", listener.Addr())
	conn, err := listener.Accept()
	if err != nil {
		return nil, err
	}
	return yamux.Server(conn, config)
}

func serve(session *yamux.Session, stream *yamux.Stream) {
	reader := bufio.NewReader(stream)
	line, err := reader.ReadString('\n')
	if err != nil {
		fmt.Println("a stream without a wish:", err)
		return
	}
	words := strings.Fields(line)
	switch words[0] {
	case "stall":
		return
	case "leave":
	case "echo":
		_, err = io.Copy(stream, reader)
	case "count":
		hash := sha256.New()
		var count int64
		if count, err = io.Copy(hash, reader); err == nil {
			_, err = fmt.Fprintf(stream, "%d %x\n", count, hash.Sum(nil))
		}
	case "send":
		data := random(number(words[1]))
		sum := sha256.Sum256(data)
		_, err = stream.Write(append(data, sum[:]...))
	case "watch":
		if _, end := io.Copy(io.Discard, reader); end != nil {
			fmt.Println("watched:", end)
		} else {
			fmt.Println("watched: end")
		}
	case "dial":
		_, err = fmt.Fprintln(stream, dial(session, number(words[1]), number(words[2])))
	case "try":
		answer := "opened"
		if opened, refused := session.OpenStream(); refused != nil {
			answer = refused.Error()
		} else {
			defer opened.Close()
		}
		_, err = fmt.Fprintln(stream, answer)
	case "goaway":
		if err = session.GoAway(); err == nil {
			_, err = fmt.Fprintln(stream, "asked")
		}
	default:
		err = errors.New("unknown")
	}
	if err != nil {
		fmt.Printf("failed: %s: %v\n", strings.TrimSpace(line), err)
	}
	stream.Close()
}

func dial(session *yamux.Session, streams, count int) string {
	answers := make(chan error, streams)
	for range streams {
		go func() { answers <- roundTrip(session, count) }()
	}
	for range streams {
		if err := <-answers; err != nil {
			return err.Error()
		}
	}
	return fmt.Sprintf("ok %d", streams)
}

func roundTrip(session *yamux.Session, count int) error {
	stream, err := session.OpenStream()
	if err != nil {
		return err
	}
	data := random(count)
	wrote := make(chan error, 1)
	go func() {
		_, err := stream.Write(data)
		stream.Close()
		wrote <- err
	}()
	back, err := readAfterEnd(stream, count)
	if err != nil {
		return fmt.Errorf("stream %d: after %d of %d bytes: %w", stream.StreamID(), len(back), count, err)
	}
	if !bytes.Equal(back, data) {
		return fmt.Errorf("stream %d: other bytes came back", stream.StreamID())
	}
	return <-wrote
}

// Yamux 0.1.1 says EOF to who reads an ended stream while nothing is there yet, so how much is to come must be known.
func readAfterEnd(stream *yamux.Stream, count int) ([]byte, error) {
	back := make([]byte, 0, count)
	for deadline := time.Now().Add(patience); len(back) < count; {
		n, err := stream.Read(back[len(back):count])
		back = back[:len(back)+n]
		if err != nil && err != io.EOF || time.Now().After(deadline) {
			return back, err
		}
		if err == io.EOF {
			time.Sleep(time.Millisecond)
		}
	}
	return back, nil
}

func random(count int) []byte {
	data := make([]byte, count)
	rand.Read(data)
	return data
}

func number(word string) int {
	n := 0
	fmt.Sscan(word, &n)
	return n
}
