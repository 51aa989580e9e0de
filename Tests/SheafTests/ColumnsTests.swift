import Testing

@testable import Sheaf

struct ColumnsTests {
    @Test func `text that fits stays`() {
        #expect(Columns.fit("one two", to: 7) == "one two")
    }

    @Test func `a cut is marked and never wider than asked`() {
        #expect(Columns.fit("one two three", to: 7) == "one tw…")
        for columns in 1...12 {
            #expect(Columns.width(Columns.fit("漢字kana かな mixed", to: columns)) <= columns)
        }
    }

    @Test func `white space is one space`() {
        #expect(Columns.fit(" a\t\tb\r\n c", to: 20) == "a b c")
    }

    @Test func `what a terminal would obey is left out`() {
        #expect(Columns.fit("a\u{1B}[31mb\u{7}c\u{202E}d", to: 20) == "a[31mbcd")
    }

    @Test func `wide characters take two columns and marks none`() {
        #expect(Columns.width("漢") == 2)
        #expect(Columns.width("e\u{301}") == 1)
        #expect(Columns.pad("漢", to: 4) == "漢  ")
        #expect(Columns.padLeft("7", to: 3) == "  7")
    }

    @Test func `table columns line up`() {
        let table = TextTable(["name", "rows"], [["a", "1"], ["long", "12,345"]], right: [1])
        #expect(table.text == "name    rows\na          1\nlong  12,345")
    }
}

struct QuantityTests {
    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (21_015_324, "21,015,324")])
    func `thousands are set apart`(value: UInt64, text: String) {
        #expect(Quantity.count(value) == text)
    }

    @Test func `a count stands with its noun`() {
        #expect(Quantity.count(1, "batch") == "1 batch")
        #expect(Quantity.count(18_891, "passage") == "18,891 passages")
    }

    @Test func `sizes, rates and times read well`() {
        #expect(Quantity.bytes(1023) == "1023 B")
        #expect(Quantity.bytes(1536) == "1.5 KiB")
        #expect(Quantity.bytes(3 << 30) == "3.0 GiB")
        #expect(Quantity.rate(3.14159) == "3.14")
        #expect(Quantity.rate(31.4159) == "31.4")
        #expect(Quantity.rate(3141.59) == "3,142")
        #expect(Quantity.time(.milliseconds(1250)) == "1.2 s")
        #expect(Quantity.time(.seconds(42)) == "42 s")
        #expect(Quantity.time(.seconds(185)) == "3 min 5 s")
        #expect(Quantity.time(.seconds(7440)) == "2 h 4 min")
    }
}

struct ProgressMeterTests {
    @Test func `too little says nothing`() {
        var meter = ProgressMeter()
        #expect(meter.rate == nil)
        meter.note(done: 0, at: .zero)
        meter.note(done: 10, at: .milliseconds(100))
        #expect(meter.rate == nil)
    }

    @Test func `the rate is what was done over the time it took`() throws {
        var meter = ProgressMeter()
        meter.note(done: 100, at: .seconds(1))
        meter.note(done: 300, at: .seconds(3))
        #expect(meter.rate == 100)
        #expect(meter.time(for: 500) == .seconds(5))
    }

    @Test func `what lies longer back than ten seconds does not count`() throws {
        var meter = ProgressMeter()
        for second in 0...100 {
            meter.note(done: UInt64(second < 50 ? 0 : second * 10), at: .seconds(second))
        }
        #expect(meter.rate == 10)
    }

    @Test func `what stands still never ends`() {
        var meter = ProgressMeter()
        meter.note(done: 5, at: .zero)
        meter.note(done: 5, at: .seconds(4))
        #expect(meter.time(for: 1) == nil)
    }
}
