/// Lines of text in columns, each as wide as its widest cell.
struct Table {
    private var rows: [[String]] = []

    /// Adds a line; cells at its end may be left out.
    mutating func add(_ cells: String...) { rows.append(cells) }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var isEmpty: Bool { rows.isEmpty }

    /// The lines, columns two blanks apart.
    func text(indent: Int = 2) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        var text = ""
        for row in rows {
            var line = String(repeating: " ", count: indent)
            for (column, cell) in row.enumerated() where widths[column] > 0 {
                line += cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}

/// Breaks text into lines.
enum Paragraph {
    /// Words of one paragraph, in lines of at most `width` characters, all indented alike.
    static func wrap(_ text: some StringProtocol, width: Int, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var (lines, line) = ("", "")
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines += margin + line + "\n"
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + margin + line + "\n"
    }

    /// Paragraphs, which empty lines part.
    static func wrapAll(_ text: String, width: Int, indent: Int) -> String {
        paragraphs(text).map { wrap($0, width: width, indent: indent) }.joined(separator: "\n")
    }

    static func paragraphs(_ text: String) -> [String] {
        var paragraphs = [""]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy(\.isWhitespace) {
                if paragraphs[paragraphs.count - 1] != "" { paragraphs.append("") }
            } else {
                paragraphs[paragraphs.count - 1] += (paragraphs[paragraphs.count - 1].isEmpty ? "" : "\n") + line
            }
        }
        if paragraphs.last == "" { paragraphs.removeLast() }
        return paragraphs
    }
}
