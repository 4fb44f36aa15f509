// swift-tools-version: 6.0
import PackageDescription

// The kernels are the product: they are compiled optimised in debug builds too.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Wno-psabi"])]

let package = Package(
    name: "Secateur",
    products: [
        .executable(name: "secateur", targets: ["SecateurCLI"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .target(name: "CKernels", exclude: ["README.md"], cSettings: kernelFlags),
        .target(name: "Tensors", dependencies: ["CKernels", "COpenBLAS"], exclude: ["README.md"]),
        .target(name: "HDF5", dependencies: ["CHDF5"], exclude: ["README.md"]),
        .target(name: "ModelFiles", exclude: ["README.md"]),
        .target(name: "Tokenizers", dependencies: ["ModelFiles"], exclude: ["README.md"]),
        .target(
            name: "Transformers", dependencies: ["Tensors", "CKernels", "ModelFiles"],
            exclude: ["README.md"]),
        .target(
            name: "SparseKernels", dependencies: ["Transformers", "Tensors", "CKernels", "HDF5"],
            exclude: ["README.md"]),
        .target(
            name: "Pruning", dependencies: ["SparseKernels", "Transformers", "Tensors", "ModelFiles"],
            exclude: ["README.md"]),
        .target(
            name: "Evaluation", dependencies: ["Transformers", "Tokenizers", "Tensors", "CKernels"],
            exclude: ["README.md"]),
        .target(
            name: "Training", dependencies: ["Transformers", "ModelFiles", "Tensors"],
            exclude: ["README.md"]),
        .target(
            name: "Export", dependencies: ["ModelFiles", "Tensors", "Tokenizers", "Transformers"],
            exclude: ["README.md"]),
        .target(
            name: "Environments",
            dependencies: ["Evaluation", "Pruning", "SparseKernels", "Transformers", "Tensors"],
            path: "Environments", exclude: ["README.md"]),
        .target(
            name: "Agents", dependencies: ["Environments", "SparseKernels", "Tensors", "HDF5"],
            path: "Agents",
            exclude: ["README.md"]),
        .target(
            name: "Search", dependencies: ["Agents", "Environments", "Evaluation", "Export", "Pruning"],
            exclude: ["README.md"]),
        .executableTarget(
            name: "SecateurCLI",
            dependencies: [
                "Search", "Agents", "Evaluation", "Export", "ModelFiles", "SparseKernels", "Tensors",
                "Tokenizers", "Transformers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["README.md"]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Search", "Agents",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks", exclude: ["README.md", "language_peers.py", "language_reference.py"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5"]),
        .testTarget(name: "ModelFilesTests", dependencies: ["ModelFiles"]),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"], exclude: ["Fixtures"]),
        .testTarget(
            name: "SparseKernelsTests",
            dependencies: ["SparseKernels", "Transformers", "Tensors", "CKernels"]),
        .testTarget(
            name: "TransformersTests",
            dependencies: ["Transformers", "Tokenizers", "Tensors", "ModelFiles", "SparseKernels"],
            exclude: ["Fixtures"]),
        .testTarget(name: "PruningTests", dependencies: ["Pruning"]),
        .testTarget(
            name: "TrainingTests", dependencies: ["Training", "ModelFiles", "Tensors", "Transformers"]),
        .testTarget(
            name: "ExportTests",
            dependencies: ["Export", "Transformers", "Tokenizers", "ModelFiles", "Tensors"]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "Transformers", "Tensors"]),
        .testTarget(
            name: "SecateurCLITests",
            dependencies: ["SecateurCLI", "Agents", "ModelFiles", "SparseKernels", "Tensors"]),
        .testTarget(
            name: "AgentsTests", dependencies: ["Agents", "Environments", "HDF5", "SparseKernels", "Tensors"]),
    ]
)
