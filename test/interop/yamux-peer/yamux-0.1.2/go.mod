module moonwalk-interop/yamux-0.1.2

go 1.25.0

require github.com/hashicorp/yamux v0.1.2
