extension ModelConfiguration {
    /// The attention heads that are gone, by the block that they were in: transformers' `pruned_heads`,
    /// such as {"0": [1, 3]}, numbered as in the unpruned model; empty when there is none.
    ///
    /// - Parameters:
    ///   - blocks: how many blocks the model has.
    ///   - heads: how many heads a block had.
    /// - Throws: `Issue` for a block or a head that there is not, a head named twice, or a block
    ///   that no head is left of.
    public func prunedHeads(blocks: Int, heads: Int) throws -> [Int: Set<Int>] {
        guard has("pruned_heads") else { return [:] }
        let removed = try fields.fields("pruned_heads")
        var result: [Int: Set<Int>] = [:]
        for member in removed.members {
            guard let block = Int(member.key), (0..<blocks).contains(block) else {
                throw removed.wrong(member.key, "blocks 0 to \(blocks - 1) only", .outOfRange)
            }
            let listed = try removed.array(member.key).compactMap { element -> Int? in
                guard case .integer(let head) = element, (0..<heads).contains(head) else { return nil }
                return head
            }
            result[block] = Set(listed)
            guard listed.count == (try removed.array(member.key)).count,
                Set(listed).count == listed.count, listed.count < heads
            else {
                throw removed.wrong(
                    member.key, "fewer than \(heads) different heads from 0 to \(heads - 1)", .outOfRange)
            }
        }
        return result
    }

    /// What classes are called: `id2label`, by its numbers; nil where that is not there.
    /// - Throws: `Issue` when it is something else than names by numbers from 0.
    public var labels: [String]? {
        get throws {
            guard has("id2label") else { return nil }
            let names = try fields.fields("id2label")
            return try names.members.indices.map { try names.string("\($0)") }
        }
    }

    /// Whether a text may be of several of a classifier's classes, so that each has a probability of its own.
    /// - Throws: `Issue` for a `problem_type` that is not known.
    public var isMultiLabel: Bool {
        get throws {
            let kinds = ["single_label_classification", "multi_label_classification", "regression"]
            let kind = try string("problem_type", default: kinds[0])
            guard kinds.contains(kind) else {
                throw wrong("problem_type", kinds.map { "'\($0)'" }.joined(separator: ", "), .unsupported)
            }
            return kind == kinds[1]
        }
    }

    /// Number of classes that a classifier tells apart: the entries of `id2label`, or else `num_labels`; nil
    /// when neither is there.
    /// - Throws: `Issue` when they are something else.
    public var labelCount: Int? {
        get throws {
            if has("id2label") { return try fields.fields("id2label").members.count }
            return has("num_labels") ? try integer("num_labels", in: 1...1_048_576) : nil
        }
    }
}
