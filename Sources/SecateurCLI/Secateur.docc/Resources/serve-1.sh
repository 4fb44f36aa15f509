swift build -c release --product secateur-server
