import Foundation

/// The normalizer of BERT, with the four settings of `tokenizer.json`.
struct BertNormalizer: Sendable {
    var cleansText = true
    var spacesChineseCharacters = true
    var stripsAccents = true
    var lowercases = true

    /// The normal form of `text`, both as UTF-8.
    func normalize(_ text: ArraySlice<UInt8>) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return normalizeASCII(text) }
        var scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        if cleansText { scalars = clean(scalars) }
        if spacesChineseCharacters { scalars = spaceChinese(scalars) }
        if stripsAccents { scalars = stripAccents(scalars) }
        var normal: [UInt8] = []
        normal.reserveCapacity(text.count)
        for scalar in scalars {
            if lowercases {
                append(lowercaseOf: scalar, to: &normal)
            } else {
                normal.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
        return normal
    }

    private func normalizeASCII(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var normal: [UInt8] = []
        normal.reserveCapacity(text.count)
        for byte in text {
            switch byte {
            case 0x41...0x5A where lowercases: normal.append(byte | 0x20)
            case 0x20...0x7E: normal.append(byte)
            case 0x09, 0x0A, 0x0D: normal.append(cleansText ? 0x20 : byte)
            default: if !cleansText { normal.append(byte) }
            }
        }
        return normal
    }

    /// Removes control characters and makes every kind of white space a space.
    private func clean(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        scalars.compactMap { scalar in
            if BertCharacters.isRemovedByCleaning(scalar) { return nil }
            return BertCharacters.isWhitespace(scalar) ? " " : scalar
        }
    }

    private func spaceChinese(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard scalars.contains(where: BertCharacters.isChinese) else { return scalars }
        return scalars.flatMap { BertCharacters.isChinese($0) ? [" ", $0, " "] : [$0] }
    }

    /// Decomposes canonically (NFD) and removes nonspacing marks.
    ///
    /// Characters are decomposed one by one and put in order here, because Foundation takes quadratic
    /// time over a long run of marks. A mark of class 0 ends a run even though it is removed itself.
    private func stripAccents(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var stripped: [Unicode.Scalar] = []
        stripped.reserveCapacity(scalars.count)
        var run: [(order: UInt8, scalar: Unicode.Scalar)] = []
        func endRun() {
            if run.isEmpty { return }
            // Stable: marks of one class keep their order.
            let ordered = run.enumerated().sorted {
                ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
            }
            stripped.append(contentsOf: ordered.lazy.map(\.element.scalar))
            run.removeAll()
        }
        for scalar in scalars {
            for part in Self.decompose(scalar) {
                let order = Self.combiningClass(part)
                if order == 0 { endRun() }
                if BertCharacters.isNonspacingMark(part) { continue }
                if order == 0 { stripped.append(part) } else { run.append((order, part)) }
            }
        }
        endRun()
        return stripped
    }

    /// The library decomposes and orders as of Unicode 9.0; later characters are left where they are.
    private static let decompositionVersion = 9
    private static let firstDecomposable: UInt32 = 0xC0
    private static let firstCombining: UInt32 = 0x300

    private static func decompose(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        switch scalar.value {
        case 0..<firstDecomposable, 0x3400..<0xA000: return [scalar]
        default:
            guard BertCharacters.isInUnicode(decompositionVersion, scalar) else { return [scalar] }
            return Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
        }
    }

    private static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        if scalar.value < firstCombining { return 0 }
        let order = scalar.properties.canonicalCombiningClass.rawValue
        return order != 0 && BertCharacters.isInUnicode(decompositionVersion, scalar) ? order : 0
    }

    /// Lower case of each scalar by itself, so a final sigma is a plain one.
    private func append(lowercaseOf scalar: Unicode.Scalar, to text: inout [UInt8]) {
        if scalar.isASCII {
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            text.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
        } else {
            text.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        }
    }
}
