"""What the table says of a goal, which nobody would notice to be wrong."""

import unittest

from .table import Row, count, markdown


class Goals(unittest.TestCase):
    def test_a_share_of_nginx(self):
        for sanso, met in ((150, True), (151, False)):
            row = Row("p50", {"nginx": 100, "sanso": sanso}, count, most_times=("nginx", 1.5))
            self.assertEqual(row.goal(), ("at most 1.5 x nginx", met))

    def test_a_bound(self):
        for sanso, met in ((99, True), (100, False)):
            row = Row("start", {"sanso": sanso}, count, most=100)
            self.assertEqual(row.goal(), ("under 100", met))

    def test_nothing_is_said_of_what_was_not_measured(self):
        for limits in ({"most": 1}, {"most_times": ("nginx", 2)}, {}):
            self.assertIsNone(Row("p50", {"proxy": 3}, count, **limits).goal()[1])

    def test_the_table(self):
        rows = [
            Row("p50", {"nginx": 2, "sanso": 5}, count, most_times=("nginx", 2)),
            Row("p99", {"upstream": 1, "nginx": 2}, count),
        ]
        heads = {"upstream": "alone", "nginx": "nginx 1", "sanso": "sanso"}
        self.assertEqual(
            markdown(rows, heads),
            "| measure | alone | nginx 1 | sanso | sanso / nginx | goal |\n"
            "| --- | ---: | ---: | ---: | ---: | --- |\n"
            "| p50 |  | 2 | 5 | 2.50 | at most 2 x nginx: **FAIL** |\n"
            "| p99 | 1 | 2 |  |  |  |",
        )


if __name__ == "__main__":
    unittest.main()
