module certwright.dev/golden

go 1.24
