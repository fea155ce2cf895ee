module moonwalk/delay-line

go 1.21
