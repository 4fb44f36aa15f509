#pragma once

// HDF5's identifiers and flags are macros that call H5open() first; Swift cannot
// import those, so each one that the `HDF5` target needs is a function here.

#include <hdf5.h>

static inline hid_t CHDF5_nativeFloat(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t CHDF5_nativeDouble(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t CHDF5_nativeInt32(void) { return H5T_NATIVE_INT32; }
static inline hid_t CHDF5_nativeInt64(void) { return H5T_NATIVE_INT64; }
static inline hid_t CHDF5_nativeUInt8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t CHDF5_nativeUInt64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t CHDF5_cString(void) { return H5T_C_S1; }

static inline hid_t CHDF5_fileAccess(void) { return H5P_FILE_ACCESS; }
static inline hid_t CHDF5_fileCreate(void) { return H5P_FILE_CREATE; }
static inline hid_t CHDF5_groupCreate(void) { return H5P_GROUP_CREATE; }
static inline hid_t CHDF5_datasetCreate(void) { return H5P_DATASET_CREATE; }
static inline hid_t CHDF5_linkCreate(void) { return H5P_LINK_CREATE; }

static inline unsigned CHDF5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned CHDF5_exclusive(void) { return H5F_ACC_EXCL; }
static inline unsigned CHDF5_readOnly(void) { return H5F_ACC_RDONLY; }
static inline unsigned CHDF5_readWrite(void) { return H5F_ACC_RDWR; }
static inline unsigned CHDF5_swmrRead(void) { return H5F_ACC_RDONLY | H5F_ACC_SWMR_READ; }

static inline hid_t CHDF5_default(void) { return H5P_DEFAULT; }
static inline hid_t CHDF5_currentErrors(void) { return H5E_DEFAULT; }
static inline hid_t CHDF5_notFound(void) { return H5E_NOTFOUND; }
static inline hid_t CHDF5_exists(void) { return H5E_EXISTS; }
static inline hid_t CHDF5_fileExists(void) { return H5E_FILEEXISTS; }
static inline hid_t CHDF5_cannotLock(void) { return H5E_CANTLOCKFILE; }
static inline hid_t CHDF5_wholeSpace(void) { return H5S_ALL; }
static inline hsize_t CHDF5_unlimited(void) { return H5S_UNLIMITED; }
static inline size_t CHDF5_variableLength(void) { return H5T_VARIABLE; }

static inline herr_t CHDF5_setLatestFormat(hid_t accessList) {
    return H5Pset_libver_bounds(accessList, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
}

// The tool `h5clear -s` sets this property of a file access list; the header that
// names it is private, the property itself is reachable through H5Pset().
static inline herr_t CHDF5_setClearStatusFlags(hid_t accessList) {
    hbool_t clear = 1;
    return H5Pset(accessList, "clear_status_flags", &clear);
}
