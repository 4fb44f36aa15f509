import Levels

extension Issue {
    /// A search has no checkpoint at a path.
    package static func noCheckpoint(_ path: String) -> Issue {
        Issue(
            .missing, .path(path), advice: "there is no such checkpoint, so there is no run to resume")
    }

    /// A checkpoint or a trace is not what this program wrote.
    package static func unusable(_ path: String, field: Field? = nil, _ reason: String) -> Issue {
        Issue(
            .malformed, .path(path), field: field, advice: "not a usable checkpoint or trace: \(reason)")
    }

    /// A checkpoint or a trace is of another version than this program reads.
    package static func otherSchema(
        _ path: String, field: Field = "schema", found: String, allowed: String,
        _ reason: String = "not a usable checkpoint or trace"
    ) -> Issue {
        Issue(
            .unsupported, .path(path), field: field, found: "'\(found)'", allowed: "'\(allowed)'",
            advice: reason)
    }
}
