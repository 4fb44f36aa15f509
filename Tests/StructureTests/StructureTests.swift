import Foundation
import Testing

/// Targets depend on each other one way only, and on nothing that `Package.swift` does not say.
@Suite struct StructureTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// What each target may import of the others: those in tiers before its own.
    private static let tiers: [[String]] = [
        ["CKernels", "COpenBLAS", "CHDF5", "CZlib", "SecateurHeader", "Levels"],
        ["Tensors", "HDF5", "ModelFiles", "Tokenizers"],
        ["Transformers", "Launch"],
        ["Evaluation", "Pruning", "SparseKernels"],
        ["Agents", "Environments", "Training", "Runs", "Models"],
        ["Search"],
        ["Report", "Export"],
        ["Secateur"],
        ["SecateurCLI", "SecateurServer", "Benchmarks", "CSecateur"],
    ]

    /// What a target may import of its own tier.
    private static let beside: [String: Set<String>] = [
        "Tokenizers": ["ModelFiles"],
        "Pruning": ["SparseKernels"],
        "Agents": ["Environments"],
        "Runs": ["Environments"],
        "Training": ["Models"],
    ]

    /// What is narrower than its tier: all that a target may import.
    private static let narrow: [String: Set<String>] = [
        "Levels": [], "ModelFiles": ["Levels"], "CKernels": [],
        "Launch": ["Tensors"],
        "CSecateur": ["Environments", "Levels", "Secateur", "SecateurHeader", "Tensors"],
        "SecateurServer": ["Evaluation", "Launch", "Levels", "Report", "Secateur", "Tensors"],
        "Environments": ["Levels", "Pruning"],
        "Agents": ["Levels", "Environments", "Tensors"],
        "Runs": ["Levels", "Environments", "Evaluation", "Pruning", "SparseKernels", "ModelFiles", "HDF5"],
        "Report": ["Levels", "Runs", "Environments", "SparseKernels", "Transformers"],
    ]

    /// Tested through what calls them.
    private static let testedElsewhere: Set<String> = ["CKernels", "Launch"]

    private struct Target {
        let name: String
        let kind: String
        let dependencies: Set<String>
        let folder: String
    }

    /// The targets of `Package.swift`, as its text has them.
    private static func targets() throws -> [Target] {
        let text = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let start = #/\.(target|executableTarget|testTarget|systemLibrary)\(\s*name: "(\w+)"/#
        let found = text.matches(of: start)
        return found.enumerated().map { index, match in
            let end = index + 1 < found.count ? found[index + 1].range.lowerBound : text.endIndex
            let body = String(text[match.range.upperBound..<end])
            let list = body.firstMatch(of: #/dependencies: \[((?:[^\]\[])*)\]/#).map { String($0.1) } ?? ""
            let products = list.matches(of: #/\.product\(name: "(\w+)"/#).map { String($0.1) }
            let own = list.replacing(#/\.product\([^)]*\)/#, with: "").matches(of: #/"(\w+)"/#)
                .map { String($0.1) }
            let name = String(match.2)
            let usual = match.1 == "testTarget" ? "Tests/\(name)" : "Sources/\(name)"
            return Target(
                name: name, kind: String(match.1), dependencies: Set(products + own),
                folder: body.firstMatch(of: #/path: "([^"]+)"/#).map { String($0.1) } ?? usual)
        }
    }

    /// What the Swift files of a folder import, each with a file that does.
    private static func imports(_ folder: String) throws -> [String: String] {
        let path = root.appendingPathComponent(folder).path
        var found: [String: String] = [:]
        for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init()
        where name.hasSuffix(".swift") && !name.contains(".docc/") {
            let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
            for match in text.matches(
                of: #/(?m)^(?:@testable |@_exported |public |package )?import (?:struct |class )?(\w+)/#)
            {
                found[String(match.1)] = "\(folder)/\(name)"
            }
        }
        return found
    }

    @Test func everyTargetHasItsPlace() throws {
        let targets = try Self.targets().filter { $0.kind != "testTarget" && !$0.folder.hasPrefix("Tests/") }
        #expect(targets.count > 15)
        #expect(Set(targets.map(\.name)) == Set(Self.tiers.joined()))
    }

    @Test func arrowsPointOneWay() throws {
        let targets = try Self.targets()
        for (tier, names) in Self.tiers.enumerated() {
            let before = Set(Self.tiers[..<tier].joined())
            for target in targets where names.contains(target.name) && target.kind != "systemLibrary" {
                let beside = Self.beside[target.name] ?? []
                #expect(beside.isSubset(of: names), "\(target.name): found \(beside), allowed its own tier")
                let reachable = before.union(beside)
                let allowed = Self.narrow[target.name] ?? reachable
                #expect(
                    allowed.isSubset(of: reachable),
                    "\(target.name): found \(allowed.subtracting(reachable)), allowed earlier tiers")
                for (imported, file) in try Self.imports(target.folder)
                where Self.tiers.joined().contains(imported) {
                    #expect(allowed.contains(imported), "\(file): import \(imported)")
                }
                for dependency in target.dependencies where Self.tiers.joined().contains(dependency) {
                    #expect(
                        allowed.contains(dependency), "Package.swift: \(target.name) depends on \(dependency)"
                    )
                }
            }
        }
    }

    /// What comes with Swift needs no dependency.
    @Test func everyImportIsDeclared() throws {
        let system: Set = [
            "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Testing",
        ]
        for target in try Self.targets() where target.kind != "systemLibrary" {
            for (imported, file) in try Self.imports(target.folder) where !system.contains(imported) {
                #expect(
                    target.dependencies.contains(imported),
                    "\(file): import \(imported), which Package.swift does not declare for \(target.name)")
            }
        }
    }

    @Test func everyTargetHasTestsAndAReadme() throws {
        let targets = try Self.targets()
        let tests = Set(targets.filter { $0.kind == "testTarget" }.map(\.name))
        let files = FileManager.default
        for target in targets where target.kind != "testTarget" && target.kind != "systemLibrary" {
            let readme = Self.root.appendingPathComponent("\(target.folder)/README.md").path
            #expect(files.fileExists(atPath: readme), "\(target.folder): no README.md")
            if !target.folder.hasPrefix("Tests/"), !Self.testedElsewhere.contains(target.name) {
                #expect(tests.contains("\(target.name)Tests"), "\(target.name): no Tests/\(target.name)Tests")
            }
        }
    }
}
