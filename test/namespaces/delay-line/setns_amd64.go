package main

// Not among the names of package syscall.
const sysSetns = 308
