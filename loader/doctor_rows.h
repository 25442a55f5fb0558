/* loader/doctor_rows.h */
#ifndef DRAGOMAN_LOADER_DOCTOR_ROWS_H
#define DRAGOMAN_LOADER_DOCTOR_ROWS_H

/* One line a call: ABI, number, name, gate or provider (under the notify door), state.  Exit status. */
int doctor_rows(void);

#endif
