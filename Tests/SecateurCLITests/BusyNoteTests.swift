import Testing

@testable import SecateurCLI

@Suite struct BusyNoteTests {
    @Test(arguments: [(0.1, 2, 2), (1.2, 2, 1), (0.2, 2, 8), (2.0, 8, 4)])
    func whereEnoughIsFreeThereIsNoNote(busy: Double, processors: Int, threads: Int) {
        #expect(MachineOptions.busyNote(busy: busy, processors: processors, threads: threads) == nil)
    }

    @Test func theNoteSaysHowManyAreBusy() {
        let note = "other programs keep 1.9 of 2 processors busy: close them, or what is measured on "
        #expect(
            MachineOptions.busyNote(busy: 1.9, processors: 2, threads: 2) == note + "2 threads will be off")
        #expect(
            MachineOptions.busyNote(busy: 1.94, processors: 2, threads: 1) == note + "1 thread will be off")
    }
}
