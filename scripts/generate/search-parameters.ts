/** Search parameters of R4 and US Core, with what search needs of them. */
import type { SearchParameter } from '@medplum/fhirtypes';
import type { SearchParameterDefinition } from '../../src/definitions/definitions.ts';
import { byText } from './json-lines.ts';
import type { SourceReader } from './sources.ts';

/** In order of their URLs. */
export function searchParameters(reader: SourceReader, fhirVersion: string): readonly SearchParameterDefinition[] {
  const r4 = (reader.resources('search-parameters.json') as SearchParameter[]).filter((parameter) => parameter.version === fhirVersion);
  const usCore = reader.resources('search-parameters-uscore.json') as SearchParameter[];
  return [...r4, ...usCore].map(distil).sort((left, right) => byText(left.url, right.url));
}

function distil(parameter: SearchParameter): SearchParameterDefinition {
  return {
    url: parameter.url,
    code: parameter.code,
    base: parameter.base,
    type: parameter.type,
    expression: parameter.expression,
    target: parameter.target,
    component: parameter.component?.map(({ definition, expression }) => ({ definition, expression })),
    multipleOr: parameter.multipleOr,
    multipleAnd: parameter.multipleAnd,
    comparator: parameter.comparator,
    modifier: parameter.modifier,
    // 'normal' for nearly all; 'phonetic' and 'nearby' say that the expression is not the whole meaning.
    usage: parameter.xpathUsage === 'normal' ? undefined : parameter.xpathUsage,
  };
}
