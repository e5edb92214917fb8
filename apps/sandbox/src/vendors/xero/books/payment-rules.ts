import { toCents } from './amounts.js';
import type { Books } from './books.js';
import type { Plan } from './contact-rules.js';
import { asFields, dateField, type Fields, numberField, textField } from './fields.js';
import type { Account, Invoice, Payment } from './xero-types.js';

/** Plans one element of PUT or POST /Payments. */
export function planPayment(books: Books, fields: Fields): Plan<Payment> {
  const errors: string[] = [];
  const invoice = findPaidInvoice(books, fields);
  if (!invoice) errors.push('Invoice could not be found');
  const account = findAccount(books, fields);
  if (!account) errors.push('Account could not be found');
  else if (!account.takesPayments) errors.push('The account must be of type BANK or have payments enabled');
  const amount = numberField(fields, 'Amount');
  if (amount === undefined || amount <= 0) errors.push('Payment amount must be greater than 0');
  const date = dateField(fields, 'Date');
  if (date === null) errors.push('Date is not a valid date');
  if (invoice && invoice.status !== 'AUTHORISED')
    errors.push('Payments can only be made against Authorised documents');
  else if (invoice && amount !== undefined && toCents(amount) > invoice.total - invoice.amountPaid)
    errors.push('Payment amount exceeds the amount outstanding on this document');
  if (errors.length > 0 || !invoice || !account || amount === undefined) return { errors };
  return {
    action: 'create',
    apply: () => {
      const payment: Payment = {
        kind: 'payment',
        id: books.environment.ids.uuid(),
        updatedAt: books.environment.clock.now(),
        invoice,
        account,
        date: date ?? books.today(),
        amount: toCents(amount),
        reference: textField(fields, 'Reference'),
        status: 'AUTHORISED',
        isReconciled: false,
      };
      books.payments.insert(payment);
      books.changeInvoice(invoice, () => applyPayment(invoice, payment));
      books.note(invoice.id, 'Payment', `Payment of ${(payment.amount / 100).toFixed(2)} received`);
      return payment;
    },
  };
}

/** Plans the removal of a payment (POST /Payments/{id} with Status DELETED). */
export function planPaymentRemoval(books: Books, payment: Payment, fields: Fields): Plan<Payment> {
  if (textField(fields, 'Status') !== 'DELETED') return { errors: ['Payments can only be deleted'] };
  if (payment.status === 'DELETED') return { errors: ['Payment has already been deleted'] };
  if (payment.isReconciled)
    return { errors: ['Payment cannot be deleted as it has been reconciled with a bank statement line'] };
  return {
    action: 'update',
    apply: () => {
      payment.status = 'DELETED';
      books.payments.touch(payment, books.environment.clock.now());
      books.changeInvoice(payment.invoice, (invoice) => removePayment(invoice, payment));
      books.note(payment.invoice.id, 'Payment', 'Payment removed');
      return payment;
    },
  };
}

function applyPayment(invoice: Invoice, payment: Payment): void {
  invoice.payments.push(payment);
  invoice.amountPaid += payment.amount;
  if (invoice.amountPaid < invoice.total) return;
  invoice.status = 'PAID';
  invoice.fullyPaidOn = payment.date;
}

function removePayment(invoice: Invoice, payment: Payment): void {
  invoice.payments = invoice.payments.filter((other) => other !== payment);
  invoice.amountPaid -= payment.amount;
  invoice.status = 'AUTHORISED';
  invoice.fullyPaidOn = undefined;
}

function findPaidInvoice(books: Books, fields: Fields): Invoice | undefined {
  const sent = asFields(fields['Invoice']) ?? fields;
  const id = textField(sent, 'InvoiceID');
  if (id !== undefined) return books.invoices.get(id);
  const number = textField(sent, 'InvoiceNumber');
  return number === undefined ? undefined : books.invoiceByNumber('ACCREC', number);
}

function findAccount(books: Books, fields: Fields): Account | undefined {
  const sent = asFields(fields['Account']) ?? {};
  const id = textField(sent, 'AccountID');
  const code = textField(sent, 'Code');
  return books.accounts.find((account) => account.id === id || (code !== undefined && account.code === code));
}
