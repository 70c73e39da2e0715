import Glibc

struct FileFault: Error {}

func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw FileFault() }
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    if fwrite(bytes, 1, bytes.count, file) != bytes.count { throw FileFault() }
}

func remove(_ path: String) { unlink(path) }
