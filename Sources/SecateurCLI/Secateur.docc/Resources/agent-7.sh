swift test -c release -Xswiftc -enable-testing --filter AgentsTests
