import CHDF5

/// A library identifier (dataspace, datatype, property list, ...) that is released when its
/// scope ends.
struct Identifier: ~Copyable {
    let raw: hid_t

    init(owning raw: hid_t) {
        self.raw = raw
    }

    deinit {
        H5Idec_ref(raw)
    }
}
