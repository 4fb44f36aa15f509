// swift-tools-version: 6.0
import PackageDescription

// The kernels are the product: they are compiled optimized in debug builds too.
let kernelFlags: [CSetting] = [.define("NDEBUG")]

let package = Package(
    name: "Secateur",
    products: [
        .executable(name: "secateur", targets: ["SecateurCLI"]),
        .executable(name: "secateur-server", targets: ["SecateurServer"]),
        .library(name: "Secateur", targets: ["Secateur"]),
        .library(name: "CSecateur", type: .static, targets: ["CSecateur"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "SecateurHeader", path: "Sources/CSecateur/include"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .target(name: "CKernels", exclude: ["README.md"], cSettings: kernelFlags),
        .target(name: "Levels", exclude: ["README.md"]),
        .target(name: "Tensors", dependencies: ["Levels", "CKernels", "COpenBLAS"], exclude: ["README.md"]),
        .target(name: "HDF5", dependencies: ["Levels", "CHDF5"], exclude: ["README.md"]),
        .target(name: "ModelFiles", dependencies: ["Levels"], exclude: ["README.md"]),
        .target(name: "Tokenizers", dependencies: ["Levels", "ModelFiles"], exclude: ["README.md"]),
        .target(
            name: "Transformers", dependencies: ["Levels", "Tensors", "CKernels", "ModelFiles"],
            exclude: ["README.md"]),
        .target(
            name: "SparseKernels",
            dependencies: ["Levels", "Transformers", "ModelFiles", "Tensors", "CKernels", "HDF5"],
            exclude: ["README.md"]),
        .target(
            name: "Pruning",
            dependencies: ["Levels", "SparseKernels", "Transformers", "Tensors", "ModelFiles"],
            exclude: ["README.md"]),
        .target(
            name: "Evaluation",
            dependencies: ["Levels", "Transformers", "Tokenizers", "Tensors", "CKernels", "CZlib"],
            exclude: ["README.md"]),
        .target(
            name: "Models",
            dependencies: [
                "Levels", "Evaluation", "SparseKernels", "Transformers", "Tokenizers", "ModelFiles",
                "Tensors",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Training",
            dependencies: [
                "Levels", "Models", "Pruning", "Evaluation", "Transformers", "Tokenizers", "ModelFiles",
                "HDF5", "Tensors",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Environments",
            dependencies: ["Levels", "Pruning"],
            path: "Environments", exclude: ["README.md"]),
        .target(
            name: "Agents", dependencies: ["Levels", "Environments", "Tensors"], path: "Agents",
            exclude: ["README.md"]),
        .target(
            name: "Runs",
            dependencies: [
                "Levels", "Environments", "Evaluation", "Pruning", "SparseKernels", "ModelFiles", "HDF5",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Search",
            dependencies: [
                "Levels", "Models", "Agents", "Environments", "Evaluation", "ModelFiles", "Pruning", "Runs",
                "SparseKernels", "Tensors", "Tokenizers", "Training", "Transformers",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Export",
            dependencies: [
                "Levels", "ModelFiles", "Models", "Runs", "SparseKernels", "Tensors", "Tokenizers",
                "Transformers", "Yams",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["README.md", "ONNX/onnx.proto", "TensorBoard/event.proto"]),
        .target(
            name: "Report",
            dependencies: [
                "Levels", "Runs", "Environments", "SparseKernels", "Transformers",
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            exclude: ["README.md"]),
        .target(
            name: "Secateur",
            dependencies: [
                "Levels", "Models", "Search", "Runs", "Report", "Export", "Agents", "Environments",
                "Evaluation", "ModelFiles", "SparseKernels", "Tensors", "Tokenizers", "Transformers",
                "CKernels",
            ],
            exclude: ["README.md"]),
        .target(
            name: "CSecateur",
            dependencies: ["Environments", "Levels", "Secateur", "SecateurHeader", "Tensors"],
            exclude: ["README.md", "exports.map", "include"]),
        .target(name: "Launch", dependencies: ["Tensors"], exclude: ["README.md"]),
        .executableTarget(
            name: "SecateurCLI",
            dependencies: [
                "Levels", "Launch", "Secateur", "Models", "Search", "Report", "Runs", "Agents", "Evaluation",
                "Export",
                "ModelFiles", "Pruning", "SparseKernels", "Tensors", "Tokenizers", "Training", "Transformers",
                .product(name: "Yams", package: "Yams"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["README.md"]),
        .executableTarget(
            name: "SecateurServer",
            dependencies: [
                "Evaluation", "Launch", "Levels", "Report", "Secateur", "Tensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Levels", "Launch", "Models", "Search", "Secateur", "Report", "Runs", "Agents",
                "Environments", "Evaluation", "ModelFiles", "Pruning", "SparseKernels", "Tensors",
                "Tokenizers", "Training", "TinyModels", "Transformers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks", exclude: ["README.md", "language_peers.py", "language_reference.py"]),
        .target(
            name: "TinyModels", dependencies: ["ModelFiles", "Tensors"], path: "Tests/TinyModels",
            exclude: ["README.md"]),
        .target(
            name: "ChainProblem",
            dependencies: ["Levels", "Environments", "Agents", "Runs", "Search", "Tensors"],
            path: "Tests/ChainProblem", exclude: ["README.md"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(name: "LevelsTests", dependencies: ["Levels"]),
        .testTarget(name: "HDF5Tests", dependencies: ["Levels", "HDF5"]),
        .testTarget(
            name: "ModelFilesTests", dependencies: ["Levels", "ModelFiles"], exclude: ["Fixtures"]),
        .testTarget(
            name: "TokenizersTests", dependencies: ["Levels", "ModelFiles", "Tokenizers"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "SparseKernelsTests",
            dependencies: ["Levels", "SparseKernels", "Transformers", "Tensors", "CKernels"]),
        .testTarget(
            name: "TransformersTests",
            dependencies: ["Levels", "Transformers", "Tokenizers", "Tensors", "ModelFiles", "SparseKernels"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "PruningTests",
            dependencies: ["Levels", "Pruning", "SparseKernels", "Tensors", "TinyModels", "Transformers"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Levels", "Training", "Pruning", "SparseKernels", "Evaluation", "ModelFiles", "Tensors",
                "Transformers",
            ], exclude: ["Fixtures"]),
        .testTarget(
            name: "ExportTests",
            dependencies: ["Levels", "Export", "Runs", "Transformers", "ModelFiles", "Tensors"]),
        .testTarget(
            name: "ModelsTests",
            dependencies: ["Levels", "Models", "ModelFiles", "Tensors", "Tokenizers", "Transformers"]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Levels", "Evaluation", "Transformers", "Tensors"]),
        .testTarget(
            name: "SecateurTests",
            dependencies: [
                "Secateur", "Levels", "Agents", "Environments", "Evaluation", "Models", "Runs", "Search",
                "SparseKernels", "Tensors", "TinyModels", "Transformers",
            ]),
        .testTarget(
            name: "CSecateurTests",
            dependencies: ["CSecateur", "Levels", "Secateur", "SecateurHeader", "TinyModels"]),
        .testTarget(
            name: "SecateurServerTests",
            dependencies: ["Levels", "Secateur", "SecateurServer", "TinyModels"]),
        .testTarget(
            name: "EnvironmentsTests", dependencies: ["Levels", "Environments", "ChainProblem"]),
        .testTarget(
            name: "AgentsTests",
            dependencies: [
                "Levels", "Agents", "ChainProblem", "Environments", "ModelFiles", "Pruning", "Tensors",
            ], exclude: ["Fixtures"]),
        .testTarget(
            name: "RunsTests",
            dependencies: ["Levels", "Runs", "ChainProblem", "HDF5", "ModelFiles", "SparseKernels"]),
        .testTarget(
            name: "SearchTests",
            dependencies: [
                "Levels", "Search", "Runs", "Agents", "ChainProblem", "Environments", "Evaluation", "HDF5",
                "ModelFiles", "Models", "SparseKernels", "Tensors", "TinyModels", "Training",
            ]),
        .testTarget(
            name: "ReportTests", dependencies: ["Report", "Runs", "ChainProblem", "Environments", "Levels"]),
        .testTarget(
            name: "BenchmarksTests",
            dependencies: ["Benchmarks", "Environments", "Levels", "Runs", "Tensors", "TinyModels"]),
        .testTarget(name: "StructureTests"),
        .testTarget(
            name: "SecateurCLITests",
            dependencies: [
                "Levels", "SecateurCLI", "Models", "Search", "Runs", "Agents", "Environments",
                "Export", "ModelFiles", "Pruning", "SparseKernels", "Tensors", "TinyModels", "Transformers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)
