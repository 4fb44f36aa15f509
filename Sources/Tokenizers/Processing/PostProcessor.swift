/// What is put around the tokens of a text, or of a pair of texts.
struct PostProcessor: Sendable, Equatable {
    /// A part of what a model is given.
    enum Part: Sendable, Equatable {
        /// The tokens of the first or the only text, or of the second.
        case first(type: Int)
        case second(type: Int)
        /// A token that the model was taught.
        case special(String, id: Int32, type: Int)

        var type: Int {
            switch self {
            case .first(let type), .second(let type), .special(_, _, let type): type
            }
        }

        var isSpecial: Bool {
            if case .special = self { true } else { false }
        }

        func isFirst() -> Bool {
            if case .first = self { true } else { false }
        }

        func isSecond() -> Bool {
            if case .second = self { true } else { false }
        }
    }

    /// Leaves white space out of tokens' offsets.
    struct Trimming: Sendable, Equatable {
        /// Whether one space before the text is not of the text.
        let addsPrefixSpace: Bool
    }

    var single: [Part] = [.first(type: 0)]
    var pair: [Part] = [.first(type: 0), .second(type: 1)]
    var trimmings: [Trimming] = []

    /// Tokens that are put around one text, before it and after it.
    var specialCounts: (before: Int, after: Int) {
        let before = single.prefix { !$0.isFirst() }.count
        return (before, max(single.count - before - 1, 0))
    }

    /// Tokens that are put around a pair of texts.
    var pairSpecialCount: Int { pair.count { $0.isSpecial } }

    /// The ids of a text.
    func ids(of text: ArraySlice<Int32>) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count + single.count)
        for part in single {
            switch part {
            case .first: ids += text
            case .second: break
            case .special(_, let id, _): ids.append(id)
            }
        }
        return ids
    }

    /// The ids of two texts, and how many of them have type 0 before others follow.
    func ids(ofPair first: ArraySlice<Int32>, _ second: ArraySlice<Int32>) -> (ids: [Int32], firstCount: Int)
    {
        var ids: [Int32] = []
        var firstCount = 0
        for part in pair {
            switch part {
            case .first: ids += first
            case .second: ids += second
            case .special(_, let id, _): ids.append(id)
            }
            if part.type == 0 { firstCount = ids.count }
        }
        return (ids, firstCount)
    }
}
