/// Finds the name that was probably meant.
public enum NearestName {
    /// The candidate nearest to `name`, or nil where none is near enough to be worth a question.
    ///
    /// - Source: optimal string alignment distance (Damerau 1964, Levenshtein 1966); at most a third of the letters may
    ///   differ.
    public static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        var best: (name: String, distance: Int)?
        let letters = Array(name.lowercased().utf8.prefix(64))
        for candidate in candidates {
            let other = Array(candidate.lowercased().utf8.prefix(64))
            // A name whose unit was left out is as near as one slip of a finger.
            let distance = letters.count >= 3 && other.starts(with: letters) ? 1 : distance(letters, other)
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, max(letters.count, best.name.utf8.count) / 3) else { return nil }
        return best.name
    }

    /// `; did you mean gain_db?`, or nothing.
    public static func suggestion(_ name: String, among candidates: some Sequence<String>) -> String {
        find(name, among: candidates).map { "; did you mean \(Shown.plain($0))?" } ?? ""
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
