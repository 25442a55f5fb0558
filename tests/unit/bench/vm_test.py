"""tests/bench/bench/vm.py: a machine that does not boot is tried once more, and what is said of it."""
import os
import sys
import tempfile
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
from bench import vm  # noqa: E402

OPTIONS = types.SimpleNamespace(disk_mib=1, memory_mib=1, in_memory=False)


class Boots(unittest.TestCase):
    def boot(self, outcomes):
        """outcomes: of one machine after the other, whether it boots.  Returns (the machine or what was raised, what was said)."""
        self.made, said = [], []

        def make(*args):
            machine = mock.Mock(log="/nonexistent")
            machine.wait_ready.return_value = outcomes[len(self.made)]
            machine.has_ended.return_value = False
            self.made.append(machine)
            return machine

        with tempfile.TemporaryDirectory() as work, mock.patch.multiple(
                vm, Machine=make, check_tools=mock.Mock(), make_image=mock.Mock(), accelerator=lambda *args: ("tcg", "no KVM")):
            try:
                return vm.start(None, work, work, OPTIONS, said.append), said
            except vm.Missing as e:
                return e, said

    def test_first_try(self):
        machine, said = self.boot([True])
        self.assertIs(machine, self.made[0])
        self.assertEqual(said, ["booting the VM by TCG: no KVM"])
        machine.close.assert_not_called()

    def test_second_try(self):
        machine, said = self.boot([False, True])
        self.assertIs(machine, self.made[1])
        self.made[0].close.assert_called_once()
        self.assertEqual(said[1:], ["the VM did not boot within 90 s (it said nothing): once more"])
        self.assertEqual([m.wait_ready.call_args.args for m in self.made], [(90,), (240,)])

    def test_neither(self):
        why, said = self.boot([False, False])
        self.assertEqual(str(why), "no VM: it did not boot within 240 s, twice (it said nothing)")
        for machine in self.made:
            machine.close.assert_called_once()


if __name__ == "__main__":
    unittest.main()
