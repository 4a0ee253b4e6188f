// Prints what the project found on this machine.
import { doctor, formatReport } from '../src/notebook/doctor';

void doctor().then(report => console.log(formatReport(report)));
