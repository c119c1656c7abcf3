import Facts

/// The cells that a query gave, each distinct text of a column kept once.
///
/// Two hundred clusters make forty thousand pairs, and a dozen columns for each: as Swift strings they would take a kilobyte per row,
/// though most cells of a column say the same, and nobody reads the most of them.
struct CellStore: Sendable {
    private var columns: [Column]
    /// Row after row, one entry per column: 0 is NULL, else the number of the column's text, from 1.
    private var cells: [UInt32] = []

    init(columns count: Int, rows: Int = 1) {
        columns = Array(repeating: Column(), count: count)
        cells.reserveCapacity(count * rows)
    }

    var rowCount: Int { columns.isEmpty ? 0 : cells.count / columns.count }

    /// Bytes of text that are kept.
    var bytes: Int { columns.reduce(0) { $0 + $1.bytes.count } }

    /// Keeps a row's cells, for each column that of its place in the row; where it has none, the cell counts as NULL.
    mutating func append(_ row: RawRow, from places: [Int?]) {
        for index in columns.indices {
            cells.append(places[index].map { row.withText($0) { text in text.map { columns[index].number($0) } ?? 0 } } ?? 0)
        }
    }

    /// Keeps a row of texts.
    mutating func append(_ row: [String?]) {
        for index in columns.indices {
            guard index < row.count, var text = row[index] else {
                cells.append(0)
                continue
            }
            cells.append(text.withUTF8 { columns[index].number(UnsafeRawBufferPointer($0)) })
        }
    }

    /// Frees what only appending needs.
    mutating func close() {
        for index in columns.indices { columns[index].close() }
    }

    /// nil where the cell is NULL.
    func text(row: Int, column: Int) -> String? {
        let number = cells[row * columns.count + column]
        return number == 0 ? nil : columns[column].text(number)
    }

    /// The texts of one column.
    private struct Column: Sendable {
        private(set) var bytes: [UInt8] = []
        /// Ends of the texts among the bytes.
        private var ends: [UInt32] = []
        /// Open addressing, at most half full: numbers of texts by hash; 0 is free.
        private var slots: [UInt32] = []
        private var last: UInt32 = 0
        private var appended = 0
        /// Nearly every row has a text of its own: looking for equal ones is lost labour.
        private var isVarious = false

        /// The number of a text, which is kept if it is new.
        mutating func number(_ text: UnsafeRawBufferPointer) -> UInt32 {
            appended += 1
            // Queries give rows in the order of their subjects, so that what belongs to the source is often that of the row before.
            if last != 0, equals(last, text) { return last }
            if isVarious {
                last = add(text)
                return last
            }
            if slots.count < 2 * (ends.count + 1) { grow() }
            var slot = hash(of: text) & (slots.count - 1)
            while slots[slot] != 0, !equals(slots[slot], text) { slot = (slot + 1) & (slots.count - 1) }
            if slots[slot] == 0 { slots[slot] = add(text) }
            last = slots[slot]
            if appended == 2000, ends.count > 1800 {
                isVarious = true
                slots = []
            }
            return last
        }

        mutating func close() {
            slots = []
            // A growing array holds up to twice what is in it.
            let exact = bytes
            bytes = [UInt8](unsafeUninitializedCapacity: exact.count) { buffer, count in
                count = buffer.initialize(from: exact).index
            }
        }

        func text(_ number: UInt32) -> String { String(decoding: bytes[range(number)], as: UTF8.self) }

        private mutating func add(_ text: UnsafeRawBufferPointer) -> UInt32 {
            bytes.append(contentsOf: text)
            ends.append(UInt32(bytes.count))
            return UInt32(ends.count)
        }

        private func range(_ number: UInt32) -> Range<Int> {
            let index = Int(number) - 1
            return (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
        }

        private func equals(_ number: UInt32, _ text: UnsafeRawBufferPointer) -> Bool {
            let range = range(number)
            guard range.count == text.count else { return false }
            return bytes.withUnsafeBytes { sameBytes(UnsafeRawBufferPointer(rebasing: $0[range]), text) }
        }

        private mutating func grow() {
            slots = [UInt32](repeating: 0, count: max(64, slots.count * 2))
            for number in 1..<UInt32(ends.count + 1) {
                var slot =
                    bytes.withUnsafeBytes { hash(of: UnsafeRawBufferPointer(rebasing: $0[range(number)])) } & (slots.count - 1)
                while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
                slots[slot] = number
            }
        }
    }
}

/// Finds subjects by name. A Swift dictionary would look for the canonical form of every name first.
struct NameIndex: Sendable {
    /// Open addressing, at most half full.
    private var slots = [Slot](repeating: Slot(), count: 64)
    private var count = 0

    private struct Slot {
        /// 0 is free.
        var positionPlusOne: Int32 = 0
        /// So that names are rarely compared, and never looked at again when the table grows.
        var hash: UInt32 = 0
    }

    /// - Returns: false where there is a subject of this name already.
    mutating func insert(_ position: Int, of subjects: [Subject]) -> Bool {
        if slots.count < 2 * (count + 1) { grow() }
        var name = subjects[position].name
        let code = name.withUTF8 { UInt32(truncatingIfNeeded: hash(of: UnsafeRawBufferPointer($0))) }
        let slot = self.slot(code) { subjects[$0].name == name }
        if slots[slot].positionPlusOne != 0 { return false }
        slots[slot] = Slot(positionPlusOne: Int32(position + 1), hash: code)
        count += 1
        return true
    }

    private mutating func grow() {
        let known = slots.filter { $0.positionPlusOne != 0 }
        slots = [Slot](repeating: Slot(), count: slots.count * 2)
        for entry in known { slots[slot(entry.hash) { _ in false }] = entry }
    }

    /// The position of the subject that a cell names.
    func find(_ row: RawRow, _ column: Int, in subjects: [Subject]) -> Int? {
        row.withText(column) { text in
            guard let text else { return nil }
            let slot = self.slot(UInt32(truncatingIfNeeded: hash(of: text))) { row.equals(column, subjects[$0].name) }
            return slots[slot].positionPlusOne == 0 ? nil : Int(slots[slot].positionPlusOne) - 1
        }
    }

    /// The slot of a name, or the one where it would stand.
    private func slot(_ hash: UInt32, isIt: (Int) -> Bool) -> Int {
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot].positionPlusOne != 0, slots[slot].hash != hash || !isIt(Int(slots[slot].positionPlusOne) - 1) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }
}

/// Eight bytes at a time, each folded in by a multiplication.
private func hash(of text: UnsafeRawBufferPointer) -> Int {
    func mix(_ value: UInt64) -> UInt64 {
        let (high, low) = value.multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        return high ^ low
    }
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(text.count)
    var offset = 0
    while offset + 8 <= text.count {
        hash = mix(hash ^ text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
    }
    var rest: UInt64 = 0
    while offset < text.count {
        rest = rest << 8 | UInt64(text[offset])
        offset += 1
    }
    return Int(truncatingIfNeeded: mix(hash ^ rest) >> 1)
}
