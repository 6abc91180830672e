import Evidence
import Testing
@testable import Diagnosis

@Suite struct CatalogueTests {
    @Test(arguments: Cause.allCases)
    func everyCauseHasAPageWorthReading(_ cause: Cause) {
        let page = Catalogue.page(for: cause)
        #expect(!page.title.isEmpty)
        for text in [page.meaning, page.supports, page.refutes, page.remedy] {
            #expect(text.count >= 10 && text.hasSuffix("."), "\(cause): \(text)")
        }
    }

    @Test func titlesTellCausesApart() {
        let titles = Cause.allCases.map { Catalogue.page(for: $0).title }
        #expect(Set(titles).count == titles.count)
    }
}
