// swift-tools-version: 6.0
import PackageDescription

// Where Secateur's git repository is. `make examples` sets it to a copy of this clone that is tagged with its
// version.
let url = Context.environment["SECATEUR_URL"] ?? "https://github.com/secateur/secateur"

let package = Package(
    name: "Examples",
    dependencies: [
        .package(url: url, from: "0.9.0")
    ],
    targets: [
        .executableTarget(name: "Neighbors", dependencies: [.product(name: "Secateur", package: "secateur")])
    ]
)
