import { describe, expect, it } from 'vitest';
import { parseFlatProfile } from './flat-profile.ts';

const parse = (body: string) => parseFlatProfile('p.xml', `<flat-profile>${body}</flat-profile>`);
const values = (body: string) => parse(body).elements.map(({ name, value }) => [name, value]);

describe('flat-profile syntax (redundancy 3.8)', () => {
  it('RED-134 trims values, turns line breaks to spaces and ignores comments and the header', () => {
    const text =
      '\n<?xml version="1.0"?>\n<!-- x -->\n<flat-profile>\n<!-- y --><Display_Name_1_>\n  Front <!-- z -->\r\ndesk </Display_Name_1_>\n</flat-profile>';
    const { elements, findings, readable } = parseFlatProfile('p.xml', text);
    expect(elements.map(({ name, value }) => [name, value])).toEqual([['Display_Name_1_', 'Front  desk']]);
    expect(findings).toEqual([]);
    expect(readable).toBe(true);
  });

  it('RED-135, D-20 tells an empty element from one that keeps its value', () => {
    expect(values('<Try_Backup_RSC/><Speed_Dial_2_ ua="rw"/><GPP_A></GPP_A><GPP_B ua="rw"></GPP_B><GPP_C ua="na"/>')).toEqual([
      ['Try_Backup_RSC', ''],
      ['Speed_Dial_2_', undefined],
      ['GPP_A', ''],
      ['GPP_B', ''],
      ['GPP_C', ''],
    ]);
  });

  it('knows the five escapes and CDATA, and no entity of a DTD', () => {
    expect(values('<A>&lt;&gt;&amp;&quot;&apos;&#65;<![CDATA[<b>]]></A>')).toEqual([['A', `<>&"'A<b>`]]);
    const bomb = parseFlatProfile(
      'p.xml',
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><flat-profile><A>&b;</A></flat-profile>',
    );
    expect(bomb).toMatchObject({
      readable: false,
      findings: [{ code: 'xml.syntax', message: expect.stringContaining('entity') }],
    });
  });

  it('RED-142 ignores group and other attributes, and reads ua', () => {
    const { elements, findings } = parse('<A group="Ext_1/Proxy" ua="ro" x="1">v</A><B>w</B>');
    expect(elements.map(({ ua }) => ua)).toEqual(['ro', undefined]);
    expect(findings).toEqual([]);
  });

  it('warns about an unknown ua and goes on', () => {
    expect(parse('<A ua="all">v</A>')).toMatchObject({
      readable: true,
      elements: [{ value: 'v', ua: undefined }],
      findings: [{ severity: 'warning', code: 'xml.user-access', seen: 'all' }],
    });
  });

  it('finds profiles inside other elements, several of them in order', () => {
    const text = '<device><x>1</x><flat-profile><A>1</A></flat-profile><flat-profile><A>2</A></flat-profile></device>';
    expect(parseFlatProfile('p.xml', text).elements.map(({ value }) => value)).toEqual(['1', '2']);
  });

  it('leaves out elements inside a parameter', () => {
    expect(parse('<A>x<B>y<C>z</C></B>w</A><D>v</D>')).toMatchObject({
      elements: [
        { name: 'A', value: 'xw' },
        { name: 'D', value: 'v' },
      ],
      findings: [
        { code: 'xml.nested', seen: 'B' },
        { code: 'xml.nested', seen: 'C' },
      ],
    });
  });

  it('places every element by line and column', () => {
    const text = '  \n<flat-profile>\r\n  <A>1</A> <B ua="na">2</B>\n<C\n>3</C><A/></flat-profile>';
    expect(parseFlatProfile('p.xml', text).elements.map(({ name, at }) => `${name} ${at.line}:${at.column}`)).toEqual([
      'A 3:3',
      'B 3:12',
      'C 4:1',
      'A 5:7',
    ]);
  });

  it.each([
    ['<flat-profile><A>1</B></flat-profile>', 'xml.syntax', 1],
    ['<flat-profile>\n<A>1</A>', 'xml.syntax', 2],
    ['<flat-profile><A a=1>1</A></flat-profile>', 'xml.syntax', 1],
    ['<flat-profile/><flat-profile/>', 'xml.syntax', 1],
    ['<a><Proxy_1_>x</Proxy_1_></a>', 'xml.no-profile', 1],
    ['<?xml version="1.0" encoding="ISO-8859-1"?><flat-profile/>', 'xml.encoding', 1],
    ['<', 'xml.syntax', 1],
  ])('cannot read %j', (text, code, line) => {
    const { readable, findings } = parseFlatProfile('p.xml', text);
    expect(readable).toBe(false);
    expect(findings).toMatchObject([{ severity: 'error', code, at: { file: 'p.xml', line } }]);
  });
});
